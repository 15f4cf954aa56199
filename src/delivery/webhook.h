#pragma once
//! One POST to somebody else's server.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "delivery/address.h"

namespace sheaf::delivery {

//! "t=1767225600,v1=5f8a…": HMAC-SHA256 with the secret's bytes as they were shown, over "TIME.BODY", in hexadecimal. The time is
//! signed too, so that a receiver can refuse what was recorded and sent again.
std::string Signature(std::string_view secret, Micros now, std::string_view body);

//! A new secret: "whsec_" + 43 random characters.
std::string NewWebhookSecret();

struct WebhookRequest {
  std::string url;
  std::vector<std::string> headers;  //!< "Name: value"
  std::string body;
};

struct WebhookAnswer {
  int status = 0;       //!< 0: there was none
  std::string excerpt;  //!< how the body begins, as UTF-8 without control characters
  std::string error;    //!< a sentence; empty: the receiver has it (2xx)
  std::int64_t retry_after_s = 0;
};

//! Blocks for at most half a minute. Follows no redirect, uses no proxy, sends no cookie; opens no connection that `rules` do not
//! allow, whatever the host's name is resolved to at that moment.
WebhookAnswer PostWebhook(const WebhookRequest& request, const AddressRules& rules);

}  // namespace sheaf::delivery
