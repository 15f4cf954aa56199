#include "http/exchange.h"

#include <utility>

namespace sheaf::http {

void Exchange::Drop(Outcome outcome) const {
  auto* response = std::get_if<Response>(&outcome);
  if (!response || !response->source) return;
  response->source->Cancel();
  keeper_->Adopt(std::move(response->source));
}

void Exchange::Settle(Outcome outcome) {
  {
    std::unique_lock lock(mutex_);
    const bool late = std::exchange(settled_, true);
    if (late || abandoned_) {
      lock.unlock();
      return Drop(std::move(outcome));
    }
    outcome_ = std::move(outcome);
  }
  mailbox_->Wake(connection_);
}

void Exchange::SettleUnanswered() {
  {
    const std::lock_guard lock(mutex_);
    if (settled_) return;
  }
  Settle(Error{ErrorCode::kInternal, std::string(kUnanswered), {}, 0});
}

bool Exchange::Take(Outcome& outcome) {
  const std::lock_guard lock(mutex_);
  if (!outcome_) return false;
  outcome = *std::move(outcome_);
  outcome_.reset();
  return true;
}

void Exchange::Abandon() {
  std::optional<Outcome> dropped;
  {
    const std::lock_guard lock(mutex_);
    abandoned_ = true;
    dropped.swap(outcome_);
  }
  if (dropped) Drop(*std::move(dropped));
}

Responder::Responder(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

void Responder::Send(Response response) const { impl_->exchange->Settle(std::move(response)); }

const std::string& Responder::RequestId() const { return impl_->exchange->Id(); }

}  // namespace sheaf::http
