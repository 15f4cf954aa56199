#pragma once
//! Private to the room. One Read of a body source: where its piece is put, and what keeps the source alive meanwhile.

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "http/mailbox.h"
#include "http/server.h"

namespace sheaf::http {

class PieceSlot : public std::enable_shared_from_this<PieceSlot> {
 public:
  PieceSlot(std::shared_ptr<Mailbox> mailbox, std::weak_ptr<Connection> connection)
      : mailbox_(std::move(mailbox)), connection_(std::move(connection)) {}

  //! Asks `source` for its next piece. What the source throws becomes an error.
  void Ask(const std::shared_ptr<BodySource>& source);
  //! Nullopt while the source is at it.
  std::optional<Result<std::string>> Take();

 private:
  // Answers for a source that threw its callback away.
  class Ticket;
  void Put(Result<std::string> piece);

  const std::shared_ptr<Mailbox> mailbox_;
  const std::weak_ptr<Connection> connection_;
  std::mutex mutex_;
  std::shared_ptr<BodySource> source_;  // until the piece is there: a source is not destroyed during its Read
  std::optional<Result<std::string>> piece_;
  bool put_ = false;
};

}  // namespace sheaf::http
