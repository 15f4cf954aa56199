#pragma once
//! Private to the room. A SHA-256 that is gone on with in another process: its state as text, sealed, because it holds up to
//! 63 bytes of what was hashed.

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "secrets/site_key.h"

namespace sheaf::files {

class RunningDigest {
 public:
  //! Of nothing yet.
  RunningDigest();
  RunningDigest(const RunningDigest& other);
  RunningDigest& operator=(const RunningDigest&) = delete;
  ~RunningDigest();
  //! `sealed` empty: of nothing yet. kStorageDamaged.
  static Result<RunningDigest> Restore(const secrets::SiteKey& key, const std::string& name, std::string_view sealed);
  void Update(std::string_view bytes);
  Result<std::string> Seal(const secrets::SiteKey& key, const std::string& name) const;
  //! Lower-case hex of what was hashed so far.
  std::string Hex() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sheaf::files
