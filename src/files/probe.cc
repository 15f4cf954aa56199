#include "files/probe.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <semaphore>
#include <thread>
#include <vector>

#include "base/time.h"
#include "blobs/file.h"

namespace sheaf::files {
namespace {

constexpr Micros kLongest = Micros{10} * 1'000'000;
constexpr std::size_t kMostOutput = 256u << 10;
std::counting_semaphore<2> running(2);

Result<blobs::Descriptor> PlainCopy(blobs::BlobReader& bytes, const std::string& directory) {
  blobs::Descriptor file(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!file.valid()) return Fail(blobs::FromErrno(errno, "A file to measure could not be made."));
  for (std::uint64_t offset = 0;;) {
    SHEAF_ASSIGN(const std::string piece, bytes.ReadAt(offset, bytes.Size()));
    if (piece.empty()) break;
    SHEAF_TRY(blobs::WriteAll(file.number(), piece));
    offset += piece.size();
  }
  ::lseek(file.number(), 0, SEEK_SET);
  return file;
}

//! What the process writes until it ends or its time is over.
std::string ReadOutput(int pipe, pid_t child) {
  std::string output;
  const Micros end = MonotonicNow() + kLongest;
  while (output.size() < kMostOutput) {
    const Micros left = end - MonotonicNow();
    struct pollfd wait {
      pipe, POLLIN, 0
    };
    if (left <= 0) break;
    const int ready = ::poll(&wait, 1, static_cast<int>(left / 1000) + 1);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) break;
    char buffer[4096];
    const ssize_t got = ::read(pipe, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return output;
    output.append(buffer, static_cast<std::size_t>(got));
  }
  ::kill(child, SIGKILL);
  return {};
}

Result<std::string> Run(const std::string& program, int input) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return Fail(blobs::FromErrno(errno, "A pipe could not be made."));
  blobs::Descriptor from(ends[0]), to(ends[1]);
  // By its own path the file can be read from any place; a pipe could not, and some recordings keep their index at the end.
  const std::vector<const char*> words = {program.c_str(),
                                          "-v",
                                          "error",
                                          "-hide_banner",
                                          "-protocol_whitelist",
                                          "file",
                                          "-format_whitelist",
                                          "matroska,webm,mov,mp4,m4a,3gp,wav,ogg,mp3,flac,aac,avi,mpegts",
                                          "-show_entries",
                                          "format=duration:stream=codec_type,width,height,duration",
                                          "-of",
                                          "json",
                                          "-i",
                                          "/proc/self/fd/0",
                                          nullptr};
  char nothing[] = "LC_ALL=C";
  char* const environment[] = {nothing, nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, to.number(), STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  pid_t child = 0;
  const int problem = ::posix_spawn(&child, program.c_str(), &actions, &attributes, const_cast<char* const*>(words.data()), environment);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (problem != 0) return Fail(blobs::FromErrno(problem, "ffprobe could not be started."));
  // A file that makes it eat memory ends it, not us.
  const rlimit memory{std::uint64_t{2} << 30, std::uint64_t{2} << 30};
  ::prlimit(child, RLIMIT_AS, &memory, nullptr);
  to.Close();
  std::string output = ReadOutput(from.number(), child);
  from.Close();
  int state = 0;
  while (::waitpid(child, &state, 0) < 0 && errno == EINTR) {}
  if (!WIFEXITED(state) || WEXITSTATUS(state) != 0) return std::string();
  return output;
}

std::optional<std::int64_t> Milliseconds(const boost::json::object& object) {
  const auto* const text = object.if_contains("duration");
  if (text == nullptr || !text->is_string()) return std::nullopt;
  const double seconds = std::strtod(text->get_string().c_str(), nullptr);
  if (!std::isfinite(seconds) || seconds <= 0 || seconds > 1e9) return std::nullopt;
  return static_cast<std::int64_t>(std::llround(seconds * 1000));
}

std::optional<std::int64_t> Pixels(const boost::json::object& object, const char* name) {
  const auto* const number = object.if_contains(name);
  if (number == nullptr || !number->is_int64() || number->get_int64() <= 0) return std::nullopt;
  return number->get_int64();
}

}  // namespace

std::optional<std::string> FindProbe() {
  const char* const path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    const std::size_t colon = std::min(rest.find(':'), rest.size());
    const std::string program = std::string(rest.substr(0, colon)) + "/ffprobe";
    if (program.front() == '/' && ::access(program.c_str(), X_OK) == 0) return program;
    rest.remove_prefix(std::min(colon + 1, rest.size()));
  }
  return std::nullopt;
}

Measures ReadMeasures(std::string_view json) {
  boost::system::error_code problem;
  const auto value = boost::json::parse(json, problem);
  Measures measures;
  if (problem || !value.is_object()) return measures;
  const auto& object = value.get_object();
  if (const auto* const format = object.if_contains("format"); format != nullptr && format->is_object()) {
    measures.duration_ms = Milliseconds(format->get_object());
  }
  const auto* const streams = object.if_contains("streams");
  if (streams == nullptr || !streams->is_array()) return measures;
  for (const auto& stream : streams->get_array()) {
    if (!stream.is_object()) continue;
    if (!measures.duration_ms) measures.duration_ms = Milliseconds(stream.get_object());
    if (!measures.width) measures.width = Pixels(stream.get_object(), "width");
    if (!measures.height) measures.height = Pixels(stream.get_object(), "height");
  }
  return measures;
}

Result<Measures> Probe(const std::string& program, blobs::BlobReader& bytes, const std::string& directory) {
  running.acquire();
  struct Turn {
    ~Turn() { running.release(); }
  } turn;
  SHEAF_ASSIGN(const blobs::Descriptor file, PlainCopy(bytes, directory));
  SHEAF_ASSIGN(const std::string output, Run(program, file.number()));
  return ReadMeasures(output);
}

}  // namespace sheaf::files
