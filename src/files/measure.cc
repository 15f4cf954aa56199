// How long a recording is and how large its picture, where nobody said so.

#include "files/files.h"
#include "files/probe.h"

namespace sheaf::files {
namespace {

// Reading more than this takes longer than anybody waits for an answer; such files are measured by who made them.
constexpr std::uint64_t kLargestMeasured = std::uint64_t{1} << 30;

bool IsMedia(const File& file) { return file.media_type.rfind("video/", 0) == 0 || file.media_type.rfind("audio/", 0) == 0; }

}  // namespace

Status Files::Measure(File& file) {
  const bool video = file.media_type.rfind("video/", 0) == 0;
  const bool known = file.duration_ms && (!video || (file.width && file.height));
  if (!IsMedia(file) || known || options_.temporary.empty() || file.size.value_or(0) == 0 || *file.size > kLargestMeasured) return {};
  const auto program = FindProbe();
  if (!program) return {};
  // A locked study's bytes open for nobody but its owner.
  auto reader = Open(file, "");
  if (!reader) return reader.error().code == ErrorCode::kStudyLocked ? Status{} : Status(Fail(reader.error()));
  SHEAF_ASSIGN(const Measures measures, Probe(*program, **reader, options_.temporary));
  if (!file.duration_ms) file.duration_ms = measures.duration_ms;
  if (!file.width) file.width = measures.width;
  if (!file.height) file.height = measures.height;
  return options_.catalog->Files().MeasureFile(file);
}

}  // namespace sheaf::files
