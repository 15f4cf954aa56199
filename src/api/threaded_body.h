#pragma once
//! A body that is written by a thread of its own, for what can only be pushed. Nothing piles up: the thread waits until a piece is taken.

#include <atomic>
#include <functional>
#include <memory>
#include <string_view>

#include "base/error.h"
#include "http/server.h"

namespace sheaf::api {

//! `write` gets the way out (whose error ends it), and what tells it that the client left. Its own error breaks the body off.
using WriteBody = std::function<Status(const std::function<Status(std::string_view)>& take, const std::atomic<bool>& cancelled)>;
std::unique_ptr<http::BodySource> ThreadedBody(WriteBody write);

}  // namespace sheaf::api
