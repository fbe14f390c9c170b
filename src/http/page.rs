//! Asks the own page, as a browser on this machine would.
//!
//! Never: a connection; what answers here answers every connection.

use axum::Router;
use axum::body::Body;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;

/// The page is larger than this in every build.
const LEAST_BYTES: usize = 100;

/// The web side, to be asked from inside.
#[derive(Clone, Debug)]
pub struct Page(Router);

impl Page {
    pub fn of(router: &Router) -> Self {
        Self(router.clone())
    }

    /// Whether the start page and the address for monitors answer.
    ///
    /// # Errors
    /// What was answered instead, in words.
    pub async fn answers(&self) -> Result<(), String> {
        for (path, least_bytes) in [("/", LEAST_BYTES), ("/healthz", 1)] {
            let request = Request::get(path)
                .header("host", "localhost")
                .body(Body::empty());
            let request = request.map_err(|error| error.to_string())?;
            let Ok(answer) = self.0.clone().oneshot(request).await;
            if answer.status() != StatusCode::OK {
                return Err(format!("{path} answers {}", answer.status()));
            }
            let body = answer
                .into_body()
                .collect()
                .await
                .map_err(|error| error.to_string())?;
            if body.to_bytes().len() < least_bytes {
                return Err(format!("{path} is empty"));
            }
        }
        Ok(())
    }
}
