#include "http/mailbox.h"

#include <boost/asio/post.hpp>

#include <utility>

#include "http/connection.h"

namespace sheaf::http {

// One post to the I/O thread takes along whatever comes before it is run: after a group commit that is many.
void Mailbox::Wake(std::weak_ptr<Connection> connection) {
  const std::lock_guard lock(mutex_);
  if (!context_) return;
  waiting_.push_back(std::move(connection));
  if (waiting_.size() > 1) return;
  boost::asio::post(*context_, [self = shared_from_this()] { self->Deliver(); });
}

void Mailbox::Deliver() {
  {
    const std::lock_guard lock(mutex_);
    delivering_.swap(waiting_);
  }
  for (const auto& weak : delivering_) {
    if (const auto connection = weak.lock()) connection->Notify();
  }
  delivering_.clear();
}

void Mailbox::Close() {
  const std::lock_guard lock(mutex_);
  context_ = nullptr;
  waiting_.clear();
}

}  // namespace sheaf::http
