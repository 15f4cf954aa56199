#pragma once
//! Which network addresses a webhook may go to.

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

struct sockaddr;

namespace sheaf::delivery {

//! Addresses of the public internet, and what an administrator adds: nobody is to use the server as a way into the network
//! it stands in. Immutable after construction.
class AddressRules {
 public:
  //! `allowed`: "10.1.2.0/24", "fd00::/8", "10.1.2.3", or the name of a host: "hooks.example.org". kUsage for anything else.
  static Result<AddressRules> Make(bool allow_private, const std::vector<std::string>& allowed);

  //! May a connection be opened to this address, which `host` was resolved to?
  bool Allows(const sockaddr& address, std::string_view host) const;
  //! Was `host` named by the administrator, so that it may go without TLS?
  bool Trusts(std::string_view host) const;

 private:
  struct Network {
    std::vector<unsigned char> bytes;  // 4 or 16
    int prefix = 0;
  };
  bool allow_private_ = false;
  std::vector<Network> networks_;
  std::vector<std::string> hosts_;
};

//! Loopback, link-local, private, shared, multicast, documentation and other networks that are not the public internet's, also
//! where IPv6 carries such an IPv4 address.
bool IsPublic(const sockaddr& address);

}  // namespace sheaf::delivery
