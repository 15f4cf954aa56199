#include "cli/sensor_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>

namespace sheaf::cli {
namespace {

tl::unexpected<Error> CannotWrite(const std::string& path) {
  return Fail(ErrorCode::kIo, fmt::format("{} cannot be written: {}", path, std::strerror(errno)));
}

//! It appears whole or not at all, and never in the place of one that is there.
Status WriteDefaults(const std::string& path) {
  const std::string part = fmt::format("{}.{}.part", path, getpid());
  const int file = open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return CannotWrite(part);
  std::string_view text = model::SensorSources::DefaultJson();
  while (!text.empty()) {
    const ssize_t written = write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) break;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  const bool synced = text.empty() && fsync(file) == 0;
  const bool closed = close(file) == 0;
  const bool published = synced && closed && (link(part.c_str(), path.c_str()) == 0 || errno == EEXIST);
  const int failure = errno;
  unlink(part.c_str());
  errno = failure;
  return published ? Status() : CannotWrite(path);
}

}  // namespace

Result<std::shared_ptr<const model::SensorSources>> LoadSensorSources(const std::string& path) {
  if (access(path.c_str(), F_OK) != 0 && errno == ENOENT) SHEAF_TRY(WriteDefaults(path));
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) return Fail(ErrorCode::kIo, fmt::format("{} cannot be read.", path));
  auto sources = model::SensorSources::Parse(text.str());
  if (!sources) {
    const Error& error = sources.error();
    return Fail(ErrorCode::kUsage, fmt::format("{}: {}{}{}", path, error.detail, error.place.empty() ? "" : " at ", error.place));
  }
  return std::make_shared<const model::SensorSources>(*std::move(sources));
}

}  // namespace sheaf::cli
