//! What machine this is, read under an injected root.
//!
//! Never: policy.
