#pragma once
//! What of a request goes into the audit. Every route passes here; handlers add what only they know.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "catalog/audit_store.h"
#include "http/server.h"

namespace sheaf::api::native {

struct Call;
struct Rooms;

//! What a handler adds to its request's entry.
struct AuditNote {
  std::optional<std::uint64_t> rows;
  std::string study;        //!< where the address does not name it
  std::string dataset;      //!< the same
  std::string target;       //!< id of what was made or changed, where the address does not name it
  std::string participant;  //!< whom it was about, where the address does not name them
  std::string options;      //!< JSON: what was asked for in the body
  std::string actor;        //!< account, where the caller was nobody before
  std::string link;         //!< id of the personal link by which a participant came
  bool written = false;     //!< the handler has written its own entry
};

//! How an operation is audited: found once, when its route is added.
struct AuditRule {
  enum class Kind {
    kNone,     //!< only when it is denied
    kNoted,    //!< a read of participant data: written in groups, within 100 ms
    kDurable,  //!< written before the answer goes out
  };
  std::string action;
  Kind kind = Kind::kNone;
};
AuditRule RuleFor(std::string_view method, std::string_view pattern);

//! Before the handler: kBadParameter when X-Reason is no line of at most 500 characters.
Status CheckReason(const http::Request& request);
//! The entry of this call, as far as it is known: actor, address, study, query, reason.
catalog::AuditEntry EntryOf(const Call& call, std::string_view action);
//! After the handler, before the answer goes out. `failure`: what the handler failed with, or null. Fails when an answer that
//! gives data out could not be recorded.
Status AuditCall(const Call& call, const AuditRule& rule, const Error* failure);
//! A request whose credentials did not let it in.
void AuditStranger(const Rooms& rooms, const http::Request& request, const Error& failure);

}  // namespace sheaf::api::native
