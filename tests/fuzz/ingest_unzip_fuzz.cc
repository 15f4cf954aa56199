// ZIPs of any kind: unpacked or refused, never to more than the limits allow, never under a name that leads out.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "ingest/unzip.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sheaf::ingest::UnzipLimits limits;
  limits.members = 16;
  limits.member_bytes = 1u << 20;
  limits.total_bytes = 2u << 20;
  std::uint64_t members = 0, total = 0;
  const auto unpacked = sheaf::ingest::Unzip(
      {reinterpret_cast<const char*>(data), size}, limits, [&](const std::string& name, std::string bytes) -> sheaf::Status {
        ++members;
        total += bytes.size();
        const bool out = name.empty() || name.front() == '/' || ("/" + name + "/").find("/../") != std::string::npos;
        if (out || bytes.size() > limits.member_bytes) std::abort();
        return {};
      });
  if (members > limits.members || total > limits.total_bytes || (unpacked && members > size)) std::abort();
  return 0;
}
