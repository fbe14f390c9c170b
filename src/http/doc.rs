//! The OpenAPI document, made from the handlers and the API types.
//!
//! Never: a hand-written copy of what the code already says.

use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{Schema, SchemaType};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, OpenApi as Document, Ref, RefOr, ResponseBuilder};
use utoipa::{Modify, OpenApi};

use super::problem::{PROBLEM_MIME, ProblemBody};
use super::routes;

/// Addresses that answer without a login.
const PUBLIC: [&str; 3] = ["/healthz", "/api/v1/setup", "/api/v1/login"];
/// Below it a ticket is the login.
const TICKET: &str = "/api/v1/stream/";

/// Tells whether an operation can answer a common status.
type Applies = fn(&Seen) -> bool;

/// Statuses that come from the frame around a handler, and when.
const COMMON: [(&str, &str, Applies); 12] = [
    ("400", "The request is not well formed.", |seen| {
        !seen.health
    }),
    ("401", "A login is needed, or it was wrong.", |seen| {
        seen.login
    }),
    (
        "403",
        "This person, this ticket or this site may not do that.",
        |seen| seen.guarded,
    ),
    ("404", "There is no such thing.", |seen| seen.named),
    ("408", "The request took too long to arrive.", |seen| {
        seen.body
    }),
    ("413", "The body is too long.", |seen| seen.body),
    ("415", "The body is not JSON.", |seen| seen.body),
    (
        "421",
        "The server does not answer under the name in `Host`.",
        |_| true,
    ),
    (
        "422",
        "The body or a value in it is not what it should be.",
        |seen| seen.body,
    ),
    ("500", "Something went wrong inside the server.", |_| true),
    (
        "503",
        "The server is ending or busy; `Retry-After` says when to come again.",
        |seen| !seen.health,
    ),
    (
        "507",
        "The disk that holds the state is full or cannot be written.",
        |seen| seen.write,
    ),
];

#[derive(OpenApi)]
#[openapi(
    info(title = "Alcove", description = "The API of a private media server.", license(name = "GPL-3.0-or-later", identifier = "GPL-3.0-or-later")),
    paths(
        routes::health::health,
        routes::setup::state, routes::setup::create,
        routes::login::login, routes::login::logout,
        routes::me::show, routes::me::change,
        routes::home::home,
        routes::items::list, routes::items::letters, routes::items::show,
        routes::art::art, routes::art::photo,
        routes::file::file,
        routes::progress::put, routes::progress::delete,
        routes::playback::playback,
        routes::experience::experience,
        routes::performance::performance,
        routes::stream::file, routes::stream::multivariant,
        routes::stream::video_playlist, routes::stream::video_init, routes::stream::video_segment,
        routes::stream::audio_playlist, routes::stream::audio_init, routes::stream::audio_segment,
        routes::stream::subtitle_playlist, routes::stream::subtitle,
        routes::libraries::list, routes::libraries::create, routes::libraries::change, routes::libraries::remove,
        routes::libraries::folders,
        routes::scan::show, routes::scan::start, routes::scan::problems,
        routes::events::events,
        routes::board::board,
        routes::privacy::consent, routes::privacy::answer, routes::privacy::registry,
        routes::privacy::journal, routes::privacy::clear, routes::privacy::next_report,
        routes::privacy::receipts, routes::privacy::destinations, routes::privacy::ledger,
        routes::crashes::list, routes::crashes::remove,
        routes::update::show, routes::update::upload, routes::update::discard, routes::update::install,
        routes::update::restart, routes::update::reset, routes::update::outside, routes::update::change_outside,
        routes::openapi::openapi,
    ),
    components(schemas(ProblemBody)),
    modifiers(&Complete),
)]
struct Api;

/// The document, complete.
pub fn document() -> Document {
    Api::openapi()
}

/// Adds what holds for every operation.
struct Complete;

/// What decides which common answers an operation has.
struct Seen {
    health: bool,
    login: bool,
    guarded: bool,
    named: bool,
    body: bool,
    write: bool,
}

impl Modify for Complete {
    fn modify(&self, document: &mut Document) {
        for (path, item) in &mut document.paths.paths {
            // One function answers GET and HEAD, but every operation needs a name of its own.
            if let Some(head) = &mut item.head {
                head.operation_id = head.operation_id.take().map(|name| format!("{name}_head"));
            }
            for (write, operation) in [
                (false, &mut item.get),
                (false, &mut item.head),
                (true, &mut item.post),
                (true, &mut item.put),
                (true, &mut item.delete),
            ] {
                if let Some(operation) = operation {
                    complete(path, write, operation);
                }
            }
        }
        if let Some(components) = &mut document.components {
            for (name, schema) in &mut components.schemas {
                if !name.ends_with("Request") && name != "PasswordChange" {
                    require_all(schema);
                }
            }
            components.add_security_scheme(
                "cookie",
                SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new("alcove_session"))),
            );
            components.add_security_scheme(
                "bearer",
                SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()),
            );
        }
    }
}

fn complete(path: &str, write: bool, operation: &mut Operation) {
    let ticket = path.starts_with(TICKET);
    let public = PUBLIC.contains(&path);
    let seen = Seen {
        health: path == "/healthz",
        login: !ticket && (!public || path == "/api/v1/login"),
        guarded: ticket || write,
        named: path.contains('{'),
        body: operation.request_body.is_some(),
        write: write && !ticket,
    };
    for (status, text, applies) in COMMON {
        if applies(&seen) && !operation.responses.responses.contains_key(status) {
            operation
                .responses
                .responses
                .insert(status.to_owned(), RefOr::T(problem(text)));
        }
    }
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && status.as_str() >= "400"
            && response.content.is_empty()
        {
            *response = problem(&response.description);
        }
    }
    if !public && !ticket {
        use utoipa::openapi::security::SecurityRequirement;
        let none: [&str; 0] = [];
        operation.security = Some(vec![
            SecurityRequirement::new("cookie", none),
            SecurityRequirement::new("bearer", none),
        ]);
    }
}

fn problem(text: &str) -> utoipa::openapi::Response {
    let schema = RefOr::Ref(Ref::from_schema_name("Problem"));
    ResponseBuilder::new()
        .description(text)
        .content(PROBLEM_MIME, Content::new(Some(schema)))
        .build()
}

/// An answer always carries all its fields.
fn require_all(schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::T(Schema::Object(object)) if object.schema_type != SchemaType::AnyValue => {
            object.required = object.properties.keys().cloned().collect();
        }
        RefOr::T(Schema::AllOf(all)) => all.items.iter_mut().for_each(require_all),
        _ => {}
    }
}
