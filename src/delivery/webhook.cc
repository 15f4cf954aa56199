#include "delivery/webhook.h"

#include <curl/curl.h>
#include <sodium.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <mutex>

#include "base/ids.h"
#include "delivery/target.h"

namespace sheaf::delivery {
namespace {

constexpr long kConnectMs = 10'000;
constexpr long kTotalMs = 30'000;
constexpr std::size_t kExcerptBytes = 1000;
constexpr std::size_t kMostAnswerBytes = 256u << 10;
constexpr std::size_t kSecretCharacters = 43;

//! What curl's callbacks share for one request.
struct Exchange {
  const AddressRules& rules;
  std::string host;
  std::string answer;
  std::size_t answered = 0;
  bool refused = false;  // an address was, that is not allowed
};

//! Called with the very address that the connection goes to: a name that is resolved to another one later changes nothing.
curl_socket_t OpenSocket(void* self, curlsocktype purpose, curl_sockaddr* address) {
  auto& exchange = *static_cast<Exchange*>(self);
  if (purpose != CURLSOCKTYPE_IPCXN || !exchange.rules.Allows(address->addr, exchange.host)) {
    exchange.refused = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

std::size_t TakeAnswer(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto& exchange = *static_cast<Exchange*>(self);
  const std::size_t taken = size * count;
  exchange.answered += taken;
  const std::size_t room = kExcerptBytes - exchange.answer.size();
  exchange.answer.append(bytes, std::min(taken, room));
  // Whoever answers without end is not listened to any longer; the status is known by then.
  return exchange.answered > kMostAnswerBytes ? 0 : taken;
}

//! Something to read: no control characters, no broken character at the end.
std::string Readable(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  for (int cut = 0; cut < 4 && !text.empty() && !IsUtf8(text); ++cut) text.pop_back();
  if (IsUtf8(text)) return text;
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
  return text;
}

struct FreeEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, FreeEasy>;
using List = std::unique_ptr<curl_slist, FreeList>;

List HeaderList(const std::vector<std::string>& headers) {
  curl_slist* list = nullptr;
  for (const std::string& header : headers) list = curl_slist_append(list, header.c_str());
  // None of curl's own: no wait for a "100 Continue".
  return List(curl_slist_append(list, "Expect:"));
}

void Prepare(CURL* easy, const WebhookRequest& request, curl_slist* headers, Exchange& exchange) {
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_POST, 1L);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_PROXY, "");  // also none of the environment's: it would connect in our place
  curl_easy_setopt(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, kConnectMs);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, kTotalMs);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &OpenSocket);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &exchange);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &TakeAnswer);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &exchange);
}

std::string Sentence(int status, CURLcode code, bool refused) {
  if (status >= 200 && status < 300) return {};
  if (status >= 300 && status < 400) return "The receiver answered with a redirect, which is not followed.";
  if (status > 0) return "The receiver answered " + std::to_string(status) + ".";
  if (refused) return "The host has an address in a network that webhooks may not go to.";
  return std::string("The receiver could not be reached: ") + curl_easy_strerror(code) + ".";
}

}  // namespace

std::string Signature(std::string_view secret, Micros now, std::string_view body) {
  const std::string seconds = std::to_string(now / 1'000'000);
  const std::string signed_text = seconds + "." + std::string(body);
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, reinterpret_cast<const unsigned char*>(secret.data()), secret.size());
  crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(signed_text.data()), signed_text.size());
  unsigned char mac[crypto_auth_hmacsha256_BYTES];
  crypto_auth_hmacsha256_final(&state, mac);
  char hex[sizeof(mac) * 2 + 1];
  sodium_bin2hex(hex, sizeof(hex), mac, sizeof(mac));
  return "t=" + seconds + ",v1=" + hex;
}

std::string NewWebhookSecret() { return "whsec_" + RandomToken(kSecretCharacters); }

WebhookAnswer PostWebhook(const WebhookRequest& request, const AddressRules& rules) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  const Easy easy(curl_easy_init());
  const List headers = HeaderList(request.headers);
  Exchange exchange{rules, HostOf(request.url), {}, 0, false};
  if (!easy || !headers) return {0, {}, "The request could not be made.", 0};
  Prepare(easy.get(), request, headers.get(), exchange);
  const CURLcode code = curl_easy_perform(easy.get());
  long status = 0;
  curl_off_t retry_after = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(easy.get(), CURLINFO_RETRY_AFTER, &retry_after);
  // A status alone is no answer when the connection broke before the headers' end; behind that it is.
  const bool cut = code != CURLE_OK && code != CURLE_WRITE_ERROR;
  WebhookAnswer answer;
  answer.status = cut ? 0 : static_cast<int>(status);
  answer.excerpt = Readable(std::move(exchange.answer));
  answer.error = Sentence(answer.status, code, exchange.refused);
  answer.retry_after_s = static_cast<std::int64_t>(retry_after);
  return answer;
}

}  // namespace sheaf::delivery
