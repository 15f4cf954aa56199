#pragma once
//! Private to the room. The bytes a connection has received and not yet taken.

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace sheaf::http {

class InputBuffer {
 public:
  std::string_view Bytes() const { return {data_.get() + begin_, end_ - begin_}; }
  bool Empty() const { return begin_ == end_; }
  bool Full() const { return end_ - begin_ == capacity_; }
  std::size_t Capacity() const { return capacity_; }
  void Consume(std::size_t bytes) { begin_ += bytes; }

  //! Room behind the bytes; empty when full. Moves the bytes, so not while a read into it is under way.
  std::span<char> Free() {
    if (begin_ == end_) begin_ = end_ = 0;
    if (begin_ > 0 && capacity_ - end_ < capacity_ / 4) Move(data_.get());
    return {data_.get() + end_, capacity_ - end_};
  }
  void Commit(std::size_t bytes) { end_ += bytes; }
  //! Not below what it holds, and not while a read into it is under way.
  void Resize(std::size_t capacity) {
    if (capacity == capacity_ || capacity < end_ - begin_) return;
    std::unique_ptr<char[]> data(new char[capacity]);
    Move(data.get());
    data_ = std::move(data);
    capacity_ = capacity;
  }

 private:
  void Move(char* target) {
    if (begin_ != end_) std::memmove(target, data_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }

  std::unique_ptr<char[]> data_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace sheaf::http
