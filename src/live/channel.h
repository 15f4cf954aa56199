#pragma once
//! Messages for many listeners: each is made once and kept once, whoever is sent it. A slow listener misses messages and gets
//! a snapshot instead. Knows nothing of what is told.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/error.h"

namespace sheaf::live {

using Text = std::shared_ptr<const std::string>;

//! Where a listener is: the study's seq, and the number of the message at it. As text "1042" or "1042.3".
struct Position {
  std::int64_t seq = 0;
  std::int32_t part = 0;
  friend auto operator<=>(const Position&, const Position&) = default;
};
std::string PositionText(const Position& position);
std::optional<Position> ParsePosition(std::string_view text);

//! Whether somebody may go on listening. `still` is asked every few seconds, once for all of one `identity`.
struct Pass {
  std::string identity;
  std::function<bool()> still;
};

class Channel;

//! One client's stream, in the shape of http::BodySource.
class Listener {
 public:
  using Ready = std::function<void(Result<Text>)>;
  Listener(std::shared_ptr<Channel> channel, std::shared_ptr<const Pass> pass) : channel_(std::move(channel)), pass_(std::move(pass)) {}
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  //! The messages there are, when there are any; an empty text at the end. One Read at a time.
  void Read(Ready ready);
  //! The client left: a Read that waits ends.
  void Cancel();

 private:
  friend class Channel;
  const std::shared_ptr<Channel> channel_;
  const std::shared_ptr<const Pass> pass_;
  // Guarded by the channel's lock.
  std::uint64_t next_ = 0;  // index of the message it gets next
  bool wants_snapshot_ = true;
  Text farewell_;  // sent before the end
  bool ended_ = false;
  Ready ready_;  // of the Read that waits
};

//! Thread-safe. Callbacks of listeners are called without its lock, and may not block.
class Channel : public std::enable_shared_from_this<Channel> {
 public:
  //! `snapshot_wanted` is called when a listener waits for a snapshot and there is none of now.
  explicit Channel(std::function<void()> snapshot_wanted) : snapshot_wanted_(std::move(snapshot_wanted)) {}

  //! Goes on behind `after` where the messages since are still there, else with a snapshot.
  std::unique_ptr<Listener> Listen(std::optional<Position> after, std::shared_ptr<const Pass> pass);

  struct Message {
    Position position;
    Text text;
  };
  //! What belongs together is sent in one piece.
  void Publish(std::vector<Message> messages);
  //! The state as of the last message; whoever waits for one gets it.
  void Offer(Position position, Text snapshot);
  //! What was sent must not be sent again: everybody goes on with a snapshot.
  void Renew();
  //! The snapshot is no longer the whole truth: whoever comes next gets another.
  void Outdate();
  //! A sign of life for those who wait.
  void Beat(const Text& comment);
  //! Ends the streams whose pass `ends` says.
  void EndWhere(const std::function<bool(const Pass&)>& ends, const Text& farewell);

  std::size_t Listeners() const;
  bool WantsSnapshot() const;
  Position Latest() const;
  std::vector<std::shared_ptr<const Pass>> Passes() const;

 private:
  friend class Listener;
  // So much is kept for those who fall behind or come back.
  static constexpr std::size_t kMessages = 256;
  static constexpr std::size_t kBytes = 1u << 20;
  // What somebody gets at a time; at least one message.
  static constexpr std::size_t kPiece = 64u << 10;
  struct Delivery {
    Listener::Ready ready;
    Text text;
  };
  //! Messages of which one piece was made: those who are at the same place get the same one.
  struct Piece {
    std::uint64_t from = 0, to = 0;  // indices, the end excluded
    Text text;
  };
  //! What the listener gets now, null: nothing yet. Under the lock.
  std::optional<Text> Next(Listener& listener);
  const Piece& PieceFrom(std::uint64_t from);
  void Serve(std::vector<Delivery>& deliveries);
  static void Deliver(std::vector<Delivery> deliveries);
  void Trim();

  const std::function<void()> snapshot_wanted_;
  mutable std::mutex mutex_;
  std::unordered_set<Listener*> listeners_;
  std::deque<Message> messages_;
  std::uint64_t first_ = 0;  // index of messages_.front()
  std::size_t bytes_ = 0;
  Piece piece_;      // the last that was made
  Position before_;  // of the message before messages_.front()
  Position latest_;
  Text snapshot_;  // of latest_; null: not made yet
  bool asked_ = false;
};

}  // namespace sheaf::live
