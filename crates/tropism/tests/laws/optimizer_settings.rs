//! The settings under which the laws look at each optimizer.

/// Settings of every registered optimizer; one without an entry here is tested with its defaults.
pub fn settings(id: &str) -> Vec<String> {
    let lines: &[&str] = match id {
        "adaboost" => &["", "max_step = 0.05"],
        "adagrad" => &["", "initial_accumulator = 0.1", "epsilon = 0.01\nbatch = 2"],
        "adam" => &[
            "",
            "epsilon = 0.0",
            "epsilon = 0.0\nbias_correction = false",
            "batch = 1\norder = 'cyclic'",
            "batch = 1",
            "batch = 3\norder = 'replacement'",
            "schedule = 'loss_normalized'\nepsilon = 0.1",
        ],
        "adamw" => &["", "weight_decay = 0.5\nepsilon = 0.0"],
        "coordinate_descent" => &["", "normalized = true"],
        "evolution_strategy" => &["", "population = 7\nstep_size = 0.5"],
        "guess_and_check" => &["", "distribution = 'uniform'\ntarget_loss = 1e-9"],
        "label_noise_sgd" => &["", "batch = 3\nflip = 0.5\norder = 'shuffled'"],
        "langevin" => &["", "temperature = 0.0", "batch = 2\ntemperature = 0.1"],
        "lion" => &["", "weight_decay = 0.3\nbatch = 2"],
        "muon" => &[
            "",
            "polar = 'exact'",
            "polar = 'exact'\nnesterov = false\nweight_decay = 0.1",
            "vectors = 'adam'",
            "momentum = 0.0\nbatch = 2",
        ],
        "pattern_search" => &["", "step_size = 1.0\nshrink = 0.3"],
        "progressive_rescaling" => &["", "warmup = 3\nperiod = 2"],
        "random_local_search" => &["", "step_size = 0.3\nschedule = 'power_law'"],
        "rmsprop" => &["", "beta = 0.5\nepsilon = 0.0"],
        "shampoo" => &["", "beta2 = 0.0", "epsilon = 0.1", "beta2 = 0.9\nepsilon = 1e-3\nbatch = 3"],
        "signum" => &["", "momentum = 0.0"],
        "gradient_descent" => &[
            "",
            "schedule = 'loss_normalized'",
            "schedule = 'loss_normalized'\npower = 0.5",
            "schedule = 'power_law'",
        ],
        "heavy_ball" => &["", "momentum = 0.0", "momentum = 0.5\nschedule = 'loss_normalized'"],
        "mirror_descent" => &[
            "p = 3.0",
            "p = 1.5",
            "potential = 'entropy'",
            "potential = 'hypentropy'\nbeta = 0.1",
            "potential = 'half_square'\nschedule = 'constant'",
        ],
        "nesterov" => &["", "momentum = 0.5\nschedule = 'power_law'"],
        "normalized_gradient_descent" => &["", "momentum = 0.9"],
        "sgd" => &["", "batch = 3", "batch = 2\nreplacement = false", "batch = 7\nreplacement = false"],
        "steepest_descent" => {
            return ["l1", "l2", "linf", "l3", "l1.5", "spectral", "nuclear"]
                .iter()
                .flat_map(|n| {
                    ["", "momentum = 0.9", "normalized = false"].map(|rest| format!("norm = '{n}'\n{rest}"))
                })
                .collect();
        }
        _ => &[""],
    };
    lines.iter().map(|s| s.to_string()).collect()
}
