#pragma once
//! Names → numbers, for lookups in the hot path: open addressing, no allocation when looking up. The names' memory
//! is the caller's and must outlive the table.

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace sheaf::ingest {

class NameTable {
 public:
  //! Room for `count` names.
  explicit NameTable(std::size_t count = 0) : slots_(std::bit_ceil(2 * count + 2)), mask_(slots_.size() - 1) {}

  //! A name that is there already keeps its number; answers whether it was new. At most `count` names.
  bool Add(std::string_view name, int number) {
    std::size_t place = Hash(name) & mask_;
    for (; slots_[place].number >= 0; place = (place + 1) & mask_) {
      if (slots_[place].name == name) return false;
    }
    slots_[place] = {name, number};
    return true;
  }

  //! The name's number, or -1.
  int Find(std::string_view name) const {
    for (std::size_t place = Hash(name) & mask_; slots_[place].number >= 0; place = (place + 1) & mask_) {
      if (slots_[place].name == name) return slots_[place].number;
    }
    return -1;
  }

 private:
  struct Slot {
    std::string_view name;
    int number = -1;
  };

  // The names come from a definition, not from a stranger, so a quick hash without a secret will do.
  static std::size_t Hash(std::string_view name) {
    constexpr std::uint64_t kMultiplier = 0x9E3779B97F4A7C15ULL;
    std::uint64_t hash = name.size() * kMultiplier;
    const char* at = name.data();
    std::size_t left = name.size();
    for (; left >= 8; at += 8, left -= 8) {
      std::uint64_t word;
      std::memcpy(&word, at, 8);
      hash = (hash ^ word) * kMultiplier;
      hash ^= hash >> 32;
    }
    std::uint64_t tail = 0;
    if (left > 0) std::memcpy(&tail, at, left);
    hash = (hash ^ tail) * kMultiplier;
    return static_cast<std::size_t>(hash ^ (hash >> 29));
  }

  std::vector<Slot> slots_;
  std::size_t mask_;
};

}  // namespace sheaf::ingest
