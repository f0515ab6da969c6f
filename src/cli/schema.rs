//! `granary schema`.

use super::outcome::Outcome;
use super::output::print_line;
use crate::graphql;

/// Prints the SDL.
pub(super) fn run() -> anyhow::Result<Outcome> {
    print_line(graphql::sdl().trim_end_matches('\n'))?;
    Ok(Outcome::Done)
}
