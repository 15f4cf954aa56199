#include "http/piece_slot.h"

#include <exception>
#include <utility>

namespace sheaf::http {

class PieceSlot::Ticket {
 public:
  explicit Ticket(std::shared_ptr<PieceSlot> slot) : slot_(std::move(slot)) {}
  ~Ticket() { slot_->Put(Fail(ErrorCode::kInternal, "The source of the body gave up.")); }
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;
  void Put(Result<std::string> piece) { slot_->Put(std::move(piece)); }

 private:
  std::shared_ptr<PieceSlot> slot_;
};

void PieceSlot::Ask(const std::shared_ptr<BodySource>& source) {
  {
    const std::lock_guard lock(mutex_);
    source_ = source;
  }
  auto ticket = std::make_shared<Ticket>(shared_from_this());
  try {
    source->Read([ticket](Result<std::string> piece) { ticket->Put(std::move(piece)); });
  } catch (const std::exception& e) { ticket->Put(Fail(ErrorCode::kInternal, e.what())); }
}

void PieceSlot::Put(Result<std::string> piece) {
  std::shared_ptr<BodySource> source;
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(put_, true)) return;
    piece_ = std::move(piece);
    source = std::move(source_);
  }
  mailbox_->Wake(connection_);
}

std::optional<Result<std::string>> PieceSlot::Take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(piece_, std::nullopt);
}

}  // namespace sheaf::http
