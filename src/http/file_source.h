#pragma once
//! Private to the room. A file as a body source: read on threads that may block, one piece ahead of the socket.

#include <memory>

#include "http/server.h"
#include "http/worker_pool.h"

namespace sheaf::http {

//! Gives exactly `file.length` bytes, then the end. kIo when the file cannot be opened or is too short.
std::unique_ptr<BodySource> OpenFileSource(FileBody file, std::shared_ptr<WorkerPool> readers);

}  // namespace sheaf::http
