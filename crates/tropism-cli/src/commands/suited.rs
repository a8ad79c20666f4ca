//! What `tropism new --model` puts around a model: data, a loss and an optimizer of which a theorem speaks, small enough to run in
//! seconds.

/// Keys with their values as a file has them.
pub type Keys = &'static [(&'static str, &'static str)];

/// A model with its surroundings.
pub struct Suited {
    pub model: &'static str,
    pub keys: Keys,
    pub data: (&'static str, Keys),
    pub loss: Option<&'static str>,
    pub optimizer: &'static str,
    /// The time to reach, where it is not the usual one.
    pub time: Option<&'static str>,
}

/// Surroundings that models without an entry are tried in, one after the other.
pub const ANY: [(&str, Keys); 3] =
    [("gaussian_separable", &[]), ("matrix_completion", &[]), ("digits", &[("classes", "[3, 8]")])];

/// Of a model without an entry, and of the experiment that names none.
pub const OPTIMIZER: &str = "gradient_descent";

const FLOW: &str = "gradient_flow";
const POINTS: (&str, Keys) = ("gaussian_separable", &[("n", "20"), ("d", "4")]);

/// Curved models are followed on the flow from the start, for of that theorems speak.
pub const SUITED: &[Suited] = &[
    Suited {
        model: "conv_relu",
        keys: &[("channels", "[2]"), ("stride", "2"), ("scheme", "\"balanced\""), ("init_scale", "0.01")],
        data: ("digits", &[("classes", "[3, 8]"), ("limit", "60")]),
        loss: None,
        optimizer: FLOW,
        time: Some("1e100000"),
    },
    Suited {
        model: "convolutional",
        keys: &[("init_scale", "0.8")],
        data: ("gaussian_separable", &[("n", "20"), ("d", "10")]),
        loss: None,
        optimizer: FLOW,
        time: None,
    },
    Suited {
        model: "deep_linear",
        keys: &[("widths", "[5, 5]"), ("init_scale", "0.5")],
        data: POINTS,
        loss: None,
        optimizer: FLOW,
        time: Some("1e10000"),
    },
    Suited {
        model: "deep_relu",
        keys: &[("widths", "[8, 8]"), ("init_scale", "0.01")],
        data: POINTS,
        loss: None,
        optimizer: FLOW,
        time: Some("1e1000"),
    },
    Suited {
        model: "diagonal",
        keys: &[("init_scale", "1e-6")],
        data: ("sparse_regression", &[]),
        loss: None,
        optimizer: FLOW,
        time: None,
    },
    Suited {
        model: "matrix_factorization",
        keys: &[],
        data: ("matrix_completion", &[("rows", "10"), ("cols", "10"), ("rank", "1"), ("observed", "60")]),
        loss: None,
        optimizer: FLOW,
        time: None,
    },
    Suited {
        model: "two_layer_relu",
        keys: &[("width", "12"), ("init_scale", "0.1")],
        data: POINTS,
        loss: None,
        optimizer: FLOW,
        time: Some("1e1000"),
    },
];
