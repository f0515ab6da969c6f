//! Migrations are part of the program: a new one builds it anew.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
