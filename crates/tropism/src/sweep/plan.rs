//! Before the first run: every combination is built once, laws are foreseen, and everything is hashed.

use crate::Error;
use crate::data::Dataset;
use crate::examine;
use crate::losses::Tail;
use crate::measures;
use crate::models::Structure;
use crate::report::DataReport;
use crate::spec::{Loader, Setup, Spec, SweepSpec};
use crate::terms::JudgeRule;
use crate::theory::Case;
use crate::theory::trends::{Foreseen, Quantity, SweepCase, Variant, foresee};
use sha2::{Digest, Sha256};

/// What is known of every run without a measure.
pub(super) const COLUMNS: [&str; 8] = [
    "direction_distance",
    "margin_l2",
    "norm",
    "relative_gap",
    "residual",
    "steps",
    "test_error",
    "train_error",
];

/// A planned sweep.
pub struct Sweep {
    pub spec: SweepSpec,
    /// The laws that speak of it, with hypotheses and predictions.
    pub foreseen: Vec<Foreseen>,
    /// See [`crate::report::SweepReport::hash`].
    pub hash: String,
    /// What is read off every run, in the order of the tables: what laws speak of, what the file asks for, the errors.
    pub(super) quantities: Vec<Quantity>,
    pub(super) data: DataReport,
    pub(super) first_seed: u64,
    pub(super) rule: JudgeRule,
    /// Where the one key that varies is the start of a diagonal network: its depth.
    pub(super) depth: Option<u32>,
    /// log10 of the training loss at which runs stop, where the file says so.
    pub(super) log10_loss: Option<f64>,
}

impl Sweep {
    /// Builds every combination once, on the first seed, and says what is predicted.
    ///
    /// # Errors
    /// Anything wrong with one of the experiments, a measure or a law that is in no registry.
    pub fn plan(spec: SweepSpec, load: Loader) -> Result<Self, Error> {
        check_names(&spec)?;
        let mut hash = Sha256::new();
        hash.update(env!("CARGO_PKG_VERSION"));
        hash.update(format!("{:?}", spec.keys));
        let (mut variants, mut first, mut loaded) = (vec![], None, Loaded::default());
        for at in spec.combinations() {
            let one = spec.experiment(&at, 0)?;
            let setup = Setup::with_data(&one, loaded.dataset(&one, load)?)?;
            hash.update(setup.spec.to_toml());
            examine::data_digest(&setup, &mut hash);
            variants.push(Variant { optimizer: setup.built.optimizer.facts(), spec: setup.spec.clone() });
            first.get_or_insert(setup);
        }
        let setup = first.ok_or_else(|| Error::data("sweep", "there is nothing to run"))?;
        let case = Case::new(&setup);
        let foreseen = foresee(&SweepCase { sweep: &spec, case: &case, variants: &variants })?;
        for f in &foreseen {
            hash.update(format!("{} {:?} {:?}", f.id, f.prediction, f.broken));
        }
        Ok(Self {
            quantities: quantities(&spec, &foreseen),
            foreseen,
            hash: examine::hexadecimal(hash),
            data: examine::data_report(&setup),
            first_seed: setup.spec.seed,
            rule: setup.rule,
            depth: depth_of(&spec, &setup),
            log10_loss: setup.horizon.log_loss.map(|[_, l]| l / std::f64::consts::LN_10),
            spec,
        })
    }
}

/// Depth of a diagonal network whose one start varies, on a loss with an exponential tail: there theory joins start and accuracy to one
/// number.
fn depth_of(spec: &SweepSpec, setup: &Setup) -> Option<u32> {
    let scale = matches!(spec.axes.as_slice(), [axis] if axis.key == "model.init_scale");
    let even = setup.theta0.windows(2).all(|w| w[0] == w[1]);
    match setup.model.facts().structure {
        Structure::Diagonal { depth } if depth >= 2 && scale && even => {
            u32::try_from(depth).ok().filter(|_| setup.loss.facts().tail == Tail::Exponential)
        }
        _ => None,
    }
}

fn quantities(spec: &SweepSpec, foreseen: &[Foreseen]) -> Vec<Quantity> {
    // A law that does not apply asks for no companion runs.
    let apply = foreseen.iter().filter(|f| f.broken.is_none());
    let of_laws = apply.map(|f| f.prediction.quantity.clone());
    let asked = spec.keys.measures.iter().chain(&spec.keys.picture);
    let asked = asked.map(|id| Quantity::Measure(id.clone()));
    let errors = ["relative_gap", "test_error", "train_error"].map(|id| Quantity::Measure(id.into()));
    let mut out: Vec<Quantity> = vec![];
    for quantity in of_laws.chain(asked).chain(errors) {
        if !out.contains(&quantity) {
            out.push(quantity);
        }
    }
    out
}

fn check_names(spec: &SweepSpec) -> Result<(), Error> {
    let mut valid: Vec<String> = measures::MEMBERS.iter().map(|m| m.id.to_string()).collect();
    valid.extend(COLUMNS.map(String::from));
    for (key, name) in spec.keys.named() {
        if !valid.contains(name) {
            return Err(Error::unknown_word("sweep", key, name, valid));
        }
    }
    if spec.keys.picture.is_some() && (spec.axes.len() != 1 || spec.axes[0].numbers().is_none()) {
        let expected = "a picture over key and loss needs exactly one key that varies, over numbers";
        return Err(Error::bad_value(
            "sweep",
            "picture",
            spec.keys.picture.clone().unwrap_or_default(),
            expected,
        ));
    }
    Ok(())
}

/// The data set of the last experiment, which most combinations share.
#[derive(Default)]
struct Loaded {
    last: Option<(String, Dataset)>,
}

impl Loaded {
    fn dataset(&mut self, spec: &Spec, load: Loader) -> Result<Dataset, Error> {
        let task = spec.loss.loss.build()?.facts().task;
        let key = format!("{:?} {task:?} {}", spec.data, spec.seed);
        match &self.last {
            Some((known, data)) if *known == key => Ok(data.clone()),
            _ => {
                let data = spec.dataset(load)?;
                self.last = Some((key, data.clone()));
                Ok(data)
            }
        }
    }
}
