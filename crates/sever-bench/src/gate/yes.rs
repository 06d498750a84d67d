//! A handler that always says yes: hyper, one thread, the gate's own answer.

use std::convert::Infallible;
use std::net::Ipv4Addr;

use anyhow::{Context, Result};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::process::Numbers;

/// Serves until it is ended.
pub(super) fn serve(port: u16) -> Result<Numbers> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.context("cannot listen")?;
        loop {
            let (stream, _) = listener.accept().await.context("cannot accept")?;
            stream.set_nodelay(true).ok();
            tokio::spawn(async move {
                let service = service_fn(|_request| async { Ok::<_, Infallible>(yes()) });
                // A client that goes away is no fault of the handler's.
                http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.ok();
            });
        }
    })
}

fn yes() -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(Bytes::from_static(br#"{"decision":"allow"}"#)));
    let headers: &mut HeaderMap = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("x-sever-decision", HeaderValue::from_static("00000000-0"));
    answer
}
