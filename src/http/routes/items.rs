//! Lists of items, and one item.
//!
//! Never: files.

use crate::http::problem::Problem;
use crate::http::types::Id;
use crate::http::types::item::{Item, ItemPage, ItemsParams, Letter, LettersParams};

/// A page of items.
#[utoipa::path(get, path = "/api/v1/items",
    tag = "items",
    operation_id = "items_list",
    params(ItemsParams),
    responses(
        (status = 200, body = ItemPage, description = "A page."),
    ),
)]
pub async fn list() -> Problem {
    Problem::not_found()
}

/// First letters of the titles, to jump by.
#[utoipa::path(get, path = "/api/v1/items/letters",
    tag = "items",
    operation_id = "items_letters",
    params(LettersParams),
    responses(
        (status = 200, body = [Letter], description = "In the order of titles."),
    ),
)]
pub async fn letters() -> Problem {
    Problem::not_found()
}

/// Everything about one item.
#[utoipa::path(get, path = "/api/v1/items/{id}",
    tag = "items",
    operation_id = "items_show",
    params(("id" = inline(Id), Path)),
    responses(
        (status = 200, body = Item, description = "The item."),
    ),
)]
pub async fn show() -> Problem {
    Problem::not_found()
}
