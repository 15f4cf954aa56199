#pragma once
//! File descriptors that close themselves, system errors as Sheaf's, and SHA-256 of a stream.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace sheaf::blobs {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() { Close(); }
  Descriptor(Descriptor&& other) noexcept : number_(other.Release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int number() const { return number_; }
  bool valid() const { return number_ >= 0; }
  int Release();
  void Close();

 private:
  int number_ = -1;
};

//! kStorageFull for a full disk or quota, else kIo. The log gets the number, the caller `sentence`.
Error FromErrno(int system_error, const char* sentence);

//! All of `bytes`, whatever the system takes at once.
Status WriteAll(int descriptor, std::string_view bytes);
Status Sync(int descriptor);

//! Opens (and when `create`, makes with mode 0700 and syncs into its parent) the directory `name` in `parent`. Never
//! follows a symbolic link. kNotFound when it is missing, kConflict when something else has the name.
Result<Descriptor> OpenDirectoryAt(int parent, const std::string& name, bool create);

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void Update(std::string_view bytes);
  //! Lower-case hex. Once.
  std::string Finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace sheaf::blobs
