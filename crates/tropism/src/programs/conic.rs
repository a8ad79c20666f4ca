//! The general engine: clarabel's conic interior point method behind one call.
//!
//! Its status and objective are never believed (see [`super::certify`]); only its vectors are used.
