#include "files/probe.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
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
  return file;
}

//! What the process writes until it ends or its time is over; of more than `most`, whole lines at the end.
std::string ReadOutput(int pipe, pid_t child, std::size_t most) {
  std::string output;
  const Micros end = MonotonicNow() + kLongest;
  for (;;) {
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
    if (output.size() > 2 * most) output.erase(0, std::min(output.find('\n', output.size() - most), output.size() - 1) + 1);
  }
  ::kill(child, SIGKILL);
  return {};
}

//! What is asked, and in which form it is answered.
struct Question {
  const char* entries;
  const char* form;
  std::size_t most;  // of the answer
};
constexpr Question kHead = {"format=duration:stream=codec_type,width,height,duration", "json", 256u << 10};
// A browser that records does not know how long it will be, and leaves the duration out: the last packets tell.
constexpr Question kPackets = {"packet=pts_time,duration_time", "csv=p=0", 64u << 10};

Result<std::string> Run(const std::string& program, int input, const Question& question) {
  ::lseek(input, 0, SEEK_SET);
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
                                          question.entries,
                                          "-of",
                                          question.form,
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
  std::string output = ReadOutput(from.number(), child, question.most);
  from.Close();
  int state = 0;
  while (::waitpid(child, &state, 0) < 0 && errno == EINTR) {}
  if (!WIFEXITED(state) || WEXITSTATUS(state) != 0) return std::string();
  return output;
}

std::optional<std::int64_t> MillisecondsOf(double seconds) {
  if (!std::isfinite(seconds) || seconds <= 0 || seconds > 1e9) return std::nullopt;
  return static_cast<std::int64_t>(std::llround(seconds * 1000));
}

std::optional<std::int64_t> Milliseconds(const boost::json::object& object) {
  const auto* const text = object.if_contains("duration");
  if (text == nullptr || !text->is_string()) return std::nullopt;
  return MillisecondsOf(std::strtod(text->get_string().c_str(), nullptr));
}

std::optional<std::int64_t> Pixels(const boost::json::object& object, const char* name) {
  const auto* const number = object.if_contains(name);
  if (number == nullptr || !number->is_int64() || number->get_int64() <= 0) return std::nullopt;
  return number->get_int64();
}

bool HasStreams(std::string_view json) {
  boost::system::error_code problem;
  const auto value = boost::json::parse(json, problem);
  const auto* const streams = problem || !value.is_object() ? nullptr : value.get_object().if_contains("streams");
  return streams != nullptr && streams->is_array() && !streams->get_array().empty();
}

}  // namespace

std::optional<std::int64_t> EndOfPackets(std::string_view csv) {
  double last = 0;
  while (!csv.empty()) {
    const std::size_t end = std::min(csv.find('\n'), csv.size());
    const std::string line(csv.substr(0, end));
    csv.remove_prefix(std::min(end + 1, csv.size()));
    char* behind = nullptr;
    const double begins = std::strtod(line.c_str(), &behind);
    // "N/A"
    if (behind == line.c_str() || *behind != ',') continue;
    const double takes = std::strtod(behind + 1, nullptr);
    if (std::isfinite(begins) && std::isfinite(takes)) last = std::max(last, begins + takes);
  }
  return MillisecondsOf(last);
}

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
  SHEAF_ASSIGN(const std::string head, Run(program, file.number(), kHead));
  Measures measures = ReadMeasures(head);
  if (measures.duration_ms || !HasStreams(head)) return measures;
  SHEAF_ASSIGN(const std::string packets, Run(program, file.number(), kPackets));
  measures.duration_ms = EndOfPackets(packets);
  return measures;
}

}  // namespace sheaf::files
