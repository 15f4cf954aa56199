#pragma once
//! Participants' and sessions' ids as a format writes them, rendered when first met and then only copied.

#include <atomic>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace sheaf::exporting {

//! Shared by the threads of one export. Holds the first kSlots numbers at most, so that a study of millions of
//! people costs an export no more than a megabyte; what is not here (also: unused numbers and long ids) is rendered
//! by the caller each time.
template <std::size_t kTextBytes>
class BasicIdTable {
 public:
  static constexpr std::int32_t kSlots = 32768;
  static constexpr std::size_t kTextSize = kTextBytes;

  using Source = std::function<std::string_view(std::int32_t)>;  //!< the id of a number; empty: none
  using Render = std::function<std::string(std::string_view id)>;

  BasicIdTable(std::int32_t limit, Source source, Render render)
      : limit_(limit < 0        ? 0
               : limit > kSlots ? kSlots
                                : limit),
        slots_(std::make_unique<Slot[]>(static_cast<std::size_t>(limit_))),
        source_(std::move(source)),
        render_(std::move(render)) {}

  //! Copies the id's text to `out` (touching kTextSize bytes) and returns its end; nullptr when it is not held here.
  char* Put(std::int32_t number, char* out) const {
    if (static_cast<std::uint32_t>(number) >= static_cast<std::uint32_t>(limit_)) return nullptr;
    const Slot& slot = slots_[static_cast<std::size_t>(number)];
    std::uint8_t size = slot.size.load(std::memory_order_acquire);
    if (size == kUnknown) [[unlikely]]
      size = Fill(number);
    if (size == kElsewhere) [[unlikely]]
      return nullptr;
    std::memcpy(out, slot.text, kTextSize);
    return out + size;
  }
  std::string_view Id(std::int32_t number) const { return source_(number); }

 private:
  static constexpr std::uint8_t kUnknown = 0;
  static constexpr std::uint8_t kElsewhere = 255;
  struct Slot {
    std::atomic<std::uint8_t> size{kUnknown};
    char text[kTextSize] = {};
  };

  std::uint8_t Fill(std::int32_t number) const {
    const std::lock_guard lock(filling_);
    Slot& slot = slots_[static_cast<std::size_t>(number)];
    if (const std::uint8_t known = slot.size.load(std::memory_order_relaxed); known != kUnknown) return known;
    const std::string_view id = source_(number);
    const std::string text = id.empty() ? std::string() : render_(id);
    const bool fits = !text.empty() && text.size() <= kTextSize;
    if (fits) std::memcpy(slot.text, text.data(), text.size());
    const std::uint8_t size = fits ? static_cast<std::uint8_t>(text.size()) : kElsewhere;
    slot.size.store(size, std::memory_order_release);
    return size;
  }

  std::int32_t limit_;
  std::unique_ptr<Slot[]> slots_;
  Source source_;
  Render render_;
  mutable std::mutex filling_;
};

using IdTable = BasicIdTable<31>;
//! Of GUIDs, which are never longer.
using GuidTable = BasicIdTable<39>;

}  // namespace sheaf::exporting
