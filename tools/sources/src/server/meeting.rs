//! A request that meets a fault.

use std::time::Duration;

use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpResponse, rt, web};
use tokio::sync::watch;

use super::broken::{close, close_in_body, half, too_large};
use super::open::Open;
use super::{Served, respond};
use crate::http::{Answer, Request, Source};
use crate::steering::Action;

/// A request, and the fault that it meets.
pub(super) struct Meeting<S> {
    pub(super) served: web::Data<Served<S>>,
    pub(super) request: Request,
    pub(super) open: Open,
    /// The name of the fault.
    pub(super) fault: &'static str,
}

impl<S: Source> Meeting<S> {
    /// Does what a rule says.
    pub(super) async fn answer(
        mut self,
        action: Action,
        mut cleared: watch::Receiver<u64>,
    ) -> HttpResponse {
        match action {
            Action::Status { status, retry_after } => {
                let refusal = Answer::refusal(status, "a rule says so");
                self.refuse(match retry_after {
                    Some(time) => refusal.with(RETRY_AFTER.as_str(), time.to_string()),
                    None => refusal,
                })
            }
            Action::Redirect { to, status } => {
                self.refuse(Answer { status, ..Answer::default() }.with("location", to))
            }
            Action::Hang => {
                self.open.note(Some(self.fault), false);
                self.open.hang();
                let _ = cleared.changed().await;
                close()
            }
            Action::Close => {
                self.open.note(Some(self.fault), false);
                close()
            }
            Action::ApplyThenClose => {
                self.carry_out();
                close()
            }
            Action::ApplyThenHang => {
                self.carry_out();
                self.open.hang();
                let _ = cleared.changed().await;
                close()
            }
            Action::CloseInBody => close_in_body(&self.carried_out()),
            Action::Delay { ms } => {
                // Carried out, too, if the caller is gone by then.
                let late = rt::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(ms)).await;
                    if self.served.is_stopped() {
                        return close();
                    }
                    respond(self.carried_out())
                });
                late.await.unwrap_or_else(|_| close())
            }
            Action::Malformed => {
                let answer = self.carried_out();
                respond(Answer { body: half(&answer.body), ..answer })
            }
            Action::TooLarge { bytes } => too_large(&self.carried_out(), bytes),
        }
    }

    fn refuse(self, answer: Answer) -> HttpResponse {
        self.open.note(Some(self.fault), false);
        self.open.end(answer.status);
        respond(answer)
    }

    fn carry_out(&self) -> Answer {
        let answer = self.served.source.answer(&self.request);
        self.open.note(Some(self.fault), answer.applied);
        answer
    }

    fn carried_out(self) -> Answer {
        let answer = self.carry_out();
        self.open.end(answer.status);
        answer
    }
}
