#include "live/channel.h"

#include <charconv>

namespace sheaf::live {

std::string PositionText(const Position& position) {
  std::string text = std::to_string(position.seq);
  if (position.part > 0) text += "." + std::to_string(position.part);
  return text;
}

std::optional<Position> ParsePosition(std::string_view text) {
  Position position;
  const char* const end = text.data() + text.size();
  auto [at, error] = std::from_chars(text.data(), end, position.seq);
  if (error != std::errc{} || position.seq < 0) return std::nullopt;
  if (at == end) return position;
  if (*at != '.') return std::nullopt;
  const auto part = std::from_chars(at + 1, end, position.part);
  if (part.ec != std::errc{} || part.ptr != end || position.part < 0) return std::nullopt;
  return position;
}

// ------------------------------------------------------------------------------------------------ one listener

Listener::~Listener() {
  const std::lock_guard lock(channel_->mutex_);
  channel_->listeners_.erase(this);
}

void Listener::Read(Ready ready) {
  std::optional<Text> text;
  bool ask = false;
  {
    const std::lock_guard lock(channel_->mutex_);
    text = channel_->Next(*this);
    if (!text) {
      ready_ = std::move(ready);
      ask = wants_snapshot_ && !std::exchange(channel_->asked_, true);
    }
  }
  if (text) ready(std::move(*text));
  if (ask) channel_->snapshot_wanted_();
}

void Listener::Cancel() {
  Ready ready;
  {
    const std::lock_guard lock(channel_->mutex_);
    ended_ = true;
    ready = std::exchange(ready_, nullptr);
  }
  if (ready) ready(Fail(ErrorCode::kCancelled, "The client left."));
}

// ------------------------------------------------------------------------------------------------ all of them

std::unique_ptr<Listener> Channel::Listen(std::optional<Position> after, std::shared_ptr<const Pass> pass) {
  auto listener = std::make_unique<Listener>(shared_from_this(), std::move(pass));
  const std::lock_guard lock(mutex_);
  listeners_.insert(listener.get());
  if (!after || *after < before_ || *after > latest_ || latest_ == Position()) return listener;
  listener->wants_snapshot_ = false;
  listener->next_ = first_;
  for (const auto& message : messages_) {
    if (message.position <= *after) ++listener->next_;
  }
  return listener;
}

std::optional<Text> Channel::Next(Listener& listener) {
  static const Text kEnd = std::make_shared<const std::string>();
  if (listener.farewell_) return std::exchange(listener.farewell_, nullptr);
  if (listener.ended_) return kEnd;
  if (listener.next_ < first_) listener.wants_snapshot_ = true;
  if (listener.wants_snapshot_) {
    if (!snapshot_) return std::nullopt;
    listener.wants_snapshot_ = false;
    listener.next_ = first_ + messages_.size();
    return snapshot_;
  }
  if (listener.next_ >= first_ + messages_.size()) return std::nullopt;
  const Piece& piece = PieceFrom(listener.next_);
  listener.next_ = piece.to;
  return piece.text;
}

//! Sending costs by the piece: what waits goes together. Under the lock.
const Channel::Piece& Channel::PieceFrom(std::uint64_t from) {
  const std::uint64_t end = first_ + messages_.size();
  const auto text = [&](std::uint64_t index) -> const Text& { return messages_[index - first_].text; };
  std::uint64_t to = from + 1;
  for (std::size_t bytes = text(from)->size(); to < end && bytes + text(to)->size() <= kPiece; ++to) bytes += text(to)->size();
  if (piece_.text && piece_.from == from && piece_.to == to) return piece_;
  piece_ = {from, to, text(from)};
  if (to == from + 1) return piece_;
  auto joined = std::make_shared<std::string>();
  for (std::uint64_t index = from; index < to; ++index) *joined += *text(index);
  piece_.text = std::move(joined);
  return piece_;
}

//! Gives those who wait what there is for them. Under the lock.
void Channel::Serve(std::vector<Delivery>& deliveries) {
  for (Listener* const listener : listeners_) {
    if (!listener->ready_) continue;
    auto text = Next(*listener);
    if (text) deliveries.push_back({std::exchange(listener->ready_, nullptr), std::move(*text)});
  }
}

void Channel::Deliver(std::vector<Delivery> deliveries) {
  for (auto& delivery : deliveries) delivery.ready(std::move(delivery.text));
}

void Channel::Trim() {
  while (messages_.size() > kMessages || (bytes_ > kBytes && messages_.size() > 1)) {
    before_ = messages_.front().position;
    bytes_ -= messages_.front().text->size();
    messages_.pop_front();
    ++first_;
  }
}

void Channel::Publish(std::vector<Message> messages) {
  if (messages.empty()) return;
  std::vector<Delivery> deliveries;
  {
    const std::lock_guard lock(mutex_);
    if (latest_ == Position() && messages_.empty()) before_ = latest_;
    latest_ = messages.back().position;
    snapshot_.reset();
    for (Message& message : messages) {
      bytes_ += message.text->size();
      messages_.push_back(std::move(message));
    }
    Trim();
    Serve(deliveries);
  }
  Deliver(std::move(deliveries));
}

void Channel::Offer(Position position, Text snapshot) {
  std::vector<Delivery> deliveries;
  {
    const std::lock_guard lock(mutex_);
    asked_ = false;
    if (position < latest_) return;
    if (messages_.empty()) before_ = position;
    latest_ = position;
    snapshot_ = std::move(snapshot);
    Serve(deliveries);
  }
  Deliver(std::move(deliveries));
}

void Channel::Renew() {
  const std::lock_guard lock(mutex_);
  first_ += messages_.size() + 1;
  messages_.clear();
  piece_ = {};
  bytes_ = 0;
  snapshot_.reset();
  // Nobody can go on behind anything that was sent before.
  before_ = latest_ = {latest_.seq, latest_.part + 1};
  for (Listener* const listener : listeners_) listener->wants_snapshot_ = true;
}

void Channel::Outdate() {
  const std::lock_guard lock(mutex_);
  snapshot_.reset();
}

void Channel::Beat(const Text& comment) {
  std::vector<Delivery> deliveries;
  {
    const std::lock_guard lock(mutex_);
    for (Listener* const listener : listeners_) {
      if (listener->ready_) deliveries.push_back({std::exchange(listener->ready_, nullptr), comment});
    }
  }
  Deliver(std::move(deliveries));
}

void Channel::EndWhere(const std::function<bool(const Pass&)>& ends, const Text& farewell) {
  std::vector<Delivery> deliveries;
  {
    const std::lock_guard lock(mutex_);
    for (Listener* const listener : listeners_) {
      if (listener->ended_ || !ends(*listener->pass_)) continue;
      listener->ended_ = true;
      if (listener->ready_) deliveries.push_back({std::exchange(listener->ready_, nullptr), farewell});
      else listener->farewell_ = farewell;
    }
  }
  Deliver(std::move(deliveries));
}

std::size_t Channel::Listeners() const {
  const std::lock_guard lock(mutex_);
  return listeners_.size();
}

bool Channel::WantsSnapshot() const {
  const std::lock_guard lock(mutex_);
  if (snapshot_) return false;
  for (const Listener* const listener : listeners_) {
    if (listener->ready_ && listener->wants_snapshot_) return true;
  }
  return false;
}

Position Channel::Latest() const {
  const std::lock_guard lock(mutex_);
  return latest_;
}

std::vector<std::shared_ptr<const Pass>> Channel::Passes() const {
  std::vector<std::shared_ptr<const Pass>> passes;
  std::unordered_set<std::string_view> met;
  const std::lock_guard lock(mutex_);
  for (const Listener* const listener : listeners_) {
    if (!listener->ended_ && met.insert(listener->pass_->identity).second) passes.push_back(listener->pass_);
  }
  return passes;
}

}  // namespace sheaf::live
