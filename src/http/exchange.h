#pragma once
//! Private to the room. One request's way to its response, between the handler's threads and the connection's.

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>

#include "http/mailbox.h"
#include "http/server.h"
#include "http/source_keeper.h"

namespace sheaf::http {

//! What a handler leaves: a response, or an error that is rendered on the I/O thread.
using Outcome = std::variant<Response, Error>;

//! The detail of the error when every Responder went without a Send.
inline constexpr std::string_view kUnanswered = "The request was not answered.";

class Exchange {
 public:
  Exchange(std::string id, std::shared_ptr<Mailbox> mailbox, std::shared_ptr<SourceKeeper> keeper, std::weak_ptr<Connection> connection)
      : id_(std::move(id)), mailbox_(std::move(mailbox)), keeper_(std::move(keeper)), connection_(std::move(connection)) {}

  //! The first call counts. After Abandon the outcome is dropped, its source cancelled.
  void Settle(Outcome outcome);
  //! The end of the last Responder: kInternal, unless it was settled.
  void SettleUnanswered();
  const std::string& Id() const { return id_; }

  //! The connection's side: true once, when the outcome is there.
  bool Take(Outcome& outcome);
  //! Nobody waits for the outcome any more.
  void Abandon();

 private:
  void Drop(Outcome outcome) const;

  const std::string id_;
  const std::shared_ptr<Mailbox> mailbox_;
  const std::shared_ptr<SourceKeeper> keeper_;
  const std::weak_ptr<Connection> connection_;
  std::mutex mutex_;
  bool settled_ = false;
  bool abandoned_ = false;
  std::optional<Outcome> outcome_;
};

//! Shared by the copies of one Responder: notices when the last of them goes.
class Responder::Impl {
 public:
  explicit Impl(std::shared_ptr<Exchange> with) : exchange(std::move(with)) {}
  ~Impl() { exchange->SettleUnanswered(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  const std::shared_ptr<Exchange> exchange;
};

}  // namespace sheaf::http
