#pragma once
//! Where an encoder writes: a small raw buffer that stays in the cache and is appended to the output when full.
//! (Growing a std::string first and writing into it would fill every byte with zero before.)

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace sheaf::exporting {

//! Text that is written again and again: may be read kSlack bytes beyond its end, so that short ones are copied as
//! two blocks without a call.
class Rendered {
 public:
  static constexpr std::size_t kSlack = 32;

  Rendered() : Rendered(std::string_view()) {}
  explicit Rendered(std::string_view text) : size_(text.size()) {
    padded_.reserve(size_ + kSlack);
    padded_.append(text).append(kSlack, '\0');
  }
  const char* Data() const { return padded_.data(); }
  std::size_t Size() const { return size_; }
  std::string_view View() const { return {padded_.data(), size_}; }

 private:
  std::string padded_;
  std::size_t size_;
};

//! Writers pass the place of the next byte along. One encoding call, one thread.
class EncodeBuffer {
 public:
  //! What Room promises: a number, a time, or text of up to kShortText bytes in the worst of all escapes.
  static constexpr std::size_t kRoom = 2048;
  static constexpr std::size_t kShortText = 320;

  explicit EncodeBuffer(std::string& out) : out_(out) {}
  EncodeBuffer(const EncodeBuffer&) = delete;
  EncodeBuffer& operator=(const EncodeBuffer&) = delete;

  char* Begin() { return storage_; }
  //! A place with kRoom bytes behind it.
  char* Room(char* at) { return at <= storage_ + kSize - kRoom ? at : Flush(at); }
  //! Text of any size. Wants and leaves no promise of room.
  char* Put(std::string_view text, char* at) {
    if (text.size() > static_cast<std::size_t>(storage_ + kSize - at)) {
      at = Flush(at);
      if (text.size() > kSize) {
        out_.append(text);
        return at;
      }
    }
    std::memcpy(at, text.data(), text.size());
    return at + text.size();
  }
  //! Rendered text; within the room when it is short, else as Put.
  char* Put(const Rendered& text, char* at) {
    if (text.Size() > Rendered::kSlack) return Put(text.View(), at);
    std::memcpy(at, text.Data(), Rendered::kSlack);
    return at + text.Size();
  }
  void Finish(char* at) { out_.append(storage_, static_cast<std::size_t>(at - storage_)); }

 private:
  static constexpr std::size_t kSize = 64 << 10;

  char* Flush(char* at) {
    Finish(at);
    return storage_;
  }

  std::string& out_;
  char storage_[kSize];
};

}  // namespace sheaf::exporting
