//! Stand-in.

/// Stand-in.
pub fn sdl() -> String {
    "type Query {\n\taccount: String\n}\n".to_owned()
}
