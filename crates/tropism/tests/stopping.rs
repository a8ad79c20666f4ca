//! A request to stop while a run is measured: nothing is judged by what was measured until then, and nothing is lost.

use std::sync::atomic::{AtomicU32, Ordering};
use tropism::examine::{conclude, predict};
use tropism::report::VerdictKind;
use tropism::training::{self, Trajectory};
use tropism::{Error, Setup, Spec};

/// Looks at the request that are still answered with no.
static LEFT: AtomicU32 = AtomicU32::new(u32::MAX);

fn stop() -> bool {
    LEFT.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_err()
}

/// A law of a slow measure, a program, and a completion with its picture.
const EXPERIMENTS: [&str; 3] = [
    "theorem = \"homogeneous_kkt\"\n[data]\nkind = \"gaussian_separable\"\nn = 12\nd = 3\n[model]\nkind = \"two_layer_relu\"\nwidth = 6\n\
     [loss]\nkind = \"logistic\"\n[optimizer]\nkind = \"gradient_flow\"\n[horizon]\ntime = \"1e20\"",
    "[data]\nkind = \"gaussian_separable\"\n[loss]\nkind = \"logistic\"\n[optimizer]\nkind = \"gradient_descent\"\n[horizon]\n\
     time = \"1e100\"",
    "[data]\nkind = \"matrix_completion\"\nrows = 4\ncols = 4\nrank = 1\nobserved = 12\n[model]\nkind = \"matrix_factorization\"\n[loss]\n\
     kind = \"squared\"\n[optimizer]\nkind = \"gradient_flow\"",
];

/// One test, for the request is shared by the whole process.
#[test]
fn a_comparison_told_to_stop_returns_and_can_be_made_again() {
    for text in EXPERIMENTS {
        let spec = Spec::parse(text).unwrap();
        let mut setup = Setup::build(&spec, &|f| Err(Error::data(f.path.clone(), "no files here"))).unwrap();
        let predicted = predict(&setup).unwrap();
        let trajectory = training::run(&setup.job(), &mut training::Silent);
        let whole = conclude(&setup, &predicted, &trajectory);
        assert!(whole.run.measured);

        setup.budget.stop = stop;
        let mut stopped = 0;
        for looks in [0, 1, 2, 5, 20, 50, 100, 200, 400] {
            LEFT.store(looks, Ordering::SeqCst);
            let report = conclude(&setup, &predicted, &trajectory);
            if report.run.measured {
                // Told too late to matter, but for the table of margins.
                assert_eq!(
                    (report.verdict, &report.reason),
                    (whole.verdict, &whole.reason),
                    "{looks}: {text}"
                );
                continue;
            }
            stopped += 1;
            assert_eq!(report.verdict, VerdictKind::Undecided, "{looks}: {text}");
            assert!(report.reason.contains("asked to stop"), "{}", report.reason);
            assert_eq!(report.series.len(), trajectory.snapshots.len());
            assert!(report.series.iter().all(|p| p.gap.is_none() && p.measured.is_empty()));
            assert!(report.series.iter().any(|p| p.log10_loss.is_some()));
            // What the reader gets is whole: it renders, and reads back as itself.
            let json = tropism::report::json(&report).unwrap();
            assert!(json.contains("\"measured\": false"));
            let back: tropism::report::Report = serde_json::from_str(&json).unwrap();
            assert!(!back.run.measured && tropism::report::html(&back).contains("asked to stop"));
        }
        assert!(stopped >= 4, "{stopped} of {text}");

        // From its bytes the run is measured as if nobody had asked.
        setup.budget.stop = || false;
        let bytes = postcard::to_stdvec(&trajectory).unwrap();
        let reloaded: Trajectory = postcard::from_bytes(&bytes).unwrap();
        let again = conclude(&setup, &predicted, &reloaded);
        assert_eq!(tropism::report::json(&again).unwrap(), tropism::report::json(&whole).unwrap());
    }
}
