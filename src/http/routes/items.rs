//! Lists of items, and one item.
//!
//! Never: files.

use axum::Json;
use axum::extract::State;

use crate::http::app::Shared;
use crate::http::extract::{ItemPath, Query};
use crate::http::guard::Someone;
use crate::http::problem::Problem;
use crate::http::types::Id;
use crate::http::types::item::{Item, ItemPage, ItemsParams, Letter, LettersParams};
use crate::library::{ItemId, ItemQuery, LibraryId, UserId};

const USUAL_LIMIT: u16 = 100;
const MAX_LIMIT: u16 = 500;
const MAX_QUERY_CHARS: usize = 200;

/// A page of items.
#[utoipa::path(get, path = "/api/v1/items",
    tag = "items",
    operation_id = "items_list",
    params(ItemsParams),
    responses(
        (status = 200, body = ItemPage, description = "A page."),
    ),
)]
pub async fn list(
    State(app): State<Shared>,
    Someone(session): Someone,
    Query(params): Query<ItemsParams>,
) -> Result<Json<ItemPage>, Problem> {
    let limit = params.limit.unwrap_or(USUAL_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Problem::bad_request("invalid_query", "limit is 1 to 500."));
    }
    if params
        .query
        .as_ref()
        .is_some_and(|query| query.chars().count() > MAX_QUERY_CHARS)
    {
        return Err(Problem::bad_request(
            "invalid_query",
            "query has at most 200 characters.",
        ));
    }
    let query = ItemQuery {
        kind: params.kind.map(Into::into),
        parent: params.parent.map(|id| ItemId(id.0)),
        library: params.library.map(|id| LibraryId(id.0)),
        query: params.query,
        sort: params.sort.map(Into::into),
        cursor: params.cursor,
        limit: u32::from(limit),
    };
    let page = app
        .rooms
        .library
        .list(UserId(session.user_id), &query)
        .await?;
    Ok(Json(page.into()))
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
pub async fn letters(
    State(app): State<Shared>,
    Query(params): Query<LettersParams>,
) -> Result<Json<Vec<Letter>>, Problem> {
    let library = params.library.map(|id| LibraryId(id.0));
    let letters = app
        .rooms
        .library
        .letters(params.kind.map(Into::into), library)
        .await?;
    Ok(Json(letters.into_iter().map(Letter::from).collect()))
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
pub async fn show(
    State(app): State<Shared>,
    Someone(session): Someone,
    ItemPath(id): ItemPath,
) -> Result<Json<Item>, Problem> {
    let item = app
        .rooms
        .library
        .item(UserId(session.user_id), ItemId(id.0))
        .await?;
    Ok(Json(item.into()))
}
