#pragma once
//! Private to the room. ffprobe, when it is installed.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "blobs/blobs.h"

namespace sheaf::files {

struct Measures {
  std::optional<std::int64_t> duration_ms, width, height;
};

//! Its path, looked for on PATH at every call; nullopt when it is not there.
std::optional<std::string> FindProbe();
//! Runs it over a file without a name in `directory`, which holds the plain bytes for as long as it runs, at most ten seconds, or
//! twice that where no duration is written and the packets are looked at; two at once. No shell, no network, no other file. What it
//! does not find out stays empty.
Result<Measures> Probe(const std::string& program, blobs::BlobReader& bytes, const std::string& directory);
//! Of what it prints as JSON.
Measures ReadMeasures(std::string_view json);
//! When the last of the packets ends, of lines "begin,duration" in seconds; what is no number does not count.
std::optional<std::int64_t> EndOfPackets(std::string_view csv);

}  // namespace sheaf::files
