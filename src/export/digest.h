#pragma once
//! SHA-256 of bytes that come in pieces.

#include <memory>
#include <string>
#include <string_view>

namespace sheaf::exporting {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void Add(std::string_view bytes);
  std::string Hex();  //!< once, at the end

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string Sha256Hex(std::string_view bytes);

}  // namespace sheaf::exporting
