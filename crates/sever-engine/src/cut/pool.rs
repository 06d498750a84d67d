//! Jobs side by side: a lane per connection, so many at once in each.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use sever_model::act::Clock;

use super::Connected;

/// Runs jobs on threads of their own, those of a lane at most as many at once as its connection takes.
/// Results are handed over in the caller's thread as they come, several at once where they come together.
pub(super) fn side_by_side<J: Sync, R: Send, E>(
    connections: &[Connected],
    clock: &dyn Clock,
    jobs: &[(usize, J)],
    work: impl Fn(&J) -> R + Sync,
    mut each: impl FnMut(Vec<(usize, R)>) -> Result<(), E>,
) -> Result<(), E> {
    let mut lanes: Vec<(usize, Vec<usize>)> = Vec::new();
    for (at, (lane, _)) in jobs.iter().enumerate() {
        match lanes.iter_mut().find(|(known, _)| known == lane) {
            Some((_, of)) => of.push(at),
            None => lanes.push((*lane, vec![at])),
        }
    }
    let (send, receive) = mpsc::channel();
    let lanes: Vec<(usize, Vec<usize>, AtomicUsize)> =
        lanes.into_iter().map(|(lane, of)| (lane, of, AtomicUsize::new(0))).collect();
    let stop = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for (lane, of, next) in &lanes {
            let width = connections.get(*lane).map_or(1, |it| it.width.max(1)).min(of.len());
            for _ in 0..width {
                let (send, work, stop) = (send.clone(), &work, &stop);
                scope.spawn(move || {
                    while stop.load(Ordering::Relaxed) == 0
                        && let Some((at, (_, job))) =
                            of.get(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((*at, jobs.get(*at)?)))
                    {
                        // Nobody listens any more: the journal cannot be written, and the run is over.
                        if send.send((at, work(job))).is_err() {
                            return;
                        }
                        if let Some(connection) = connections.get(*lane).filter(|it| it.pause.micros() > 0) {
                            clock.wait(connection.pause);
                        }
                    }
                });
            }
        }
        drop(send);
        while let Ok(first) = receive.recv() {
            let together: Vec<(usize, R)> = std::iter::once(first).chain(receive.try_iter()).collect();
            if let Err(error) = each(together) {
                stop.store(1, Ordering::Relaxed);
                return Err(error);
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests;
