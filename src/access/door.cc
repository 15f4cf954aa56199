#include "access/door.h"

#include <sodium.h>

#include <algorithm>

#include "access/limits.h"
#include "access/secret.h"
#include "access/sessions.h"
#include "access/totp.h"
#include "base/ids.h"

namespace sheaf::access {
namespace {

constexpr Micros kSecond = 1'000'000;
constexpr Micros kLock = 15 * 60 * kSecond;
constexpr std::size_t kSecretSize = 43;
constexpr std::size_t kRecoveryCodes = 8;
constexpr std::size_t kRecoveryBytes = 10;  // 80 bits: too many to try against the digests
constexpr std::size_t kRecoveryGroup = 4;

std::string Fold(std::string_view text) {
  std::string folded(text);
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return folded;
}

std::string ToHex(std::string_view bytes) {
  std::string hex(2 * bytes.size() + 1, '\0');
  sodium_bin2hex(hex.data(), hex.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  hex.pop_back();
  return hex;
}

Result<std::string> FromHex(std::string_view hex) {
  std::string bytes(hex.size() / 2, '\0');
  std::size_t size = 0;
  const int read =
      sodium_hex2bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), hex.data(), hex.size(), nullptr, &size, nullptr);
  if (read != 0 || size != bytes.size()) return Fail(ErrorCode::kStorageDamaged, "A second factor in the catalog cannot be read.");
  return bytes;
}

std::string Purpose(std::string_view account) { return "totp " + std::string(account); }

//! As people type it: in groups, with blanks, in lower case.
std::string Plain(std::string_view code) {
  std::string plain;
  for (const char c : code) {
    if (c == ' ' || c == '-') continue;
    plain += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return plain;
}

Result<std::string> RecoveryDigest(std::string_view account, std::string_view plain) {
  return Digest("recovery " + std::string(account) + " " + std::string(plain));
}

std::string NewRecoveryCode() {
  std::string bytes(kRecoveryBytes, '\0');
  randombytes_buf(bytes.data(), bytes.size());
  const std::string plain = Base32(bytes);
  std::string code;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    if (i > 0 && i % kRecoveryGroup == 0) code += '-';
    code += plain[i];
  }
  return code;
}

}  // namespace

Micros ThrottleWait(const ThrottleRule& rule, const catalog::Attempts& before, Micros now) {
  if (before.failures < rule.delay_after) return 0;
  const int doubled = std::min(before.failures - rule.delay_after, 20);
  const Micros pause = before.failures >= rule.lock_after ? kLock : std::min(kSecond << doubled, kLock);
  return std::max<Micros>(0, before.last_at + pause - now);
}

Door::Door(std::shared_ptr<catalog::Catalog> catalog, std::shared_ptr<const secrets::SiteKey> site_key)
    : catalog_(std::move(catalog)),
      site_key_(std::move(site_key)),
      nobodys_hash_(HashPassword(RandomToken(kSecretSize)).value_or(std::string())) {}

Result<std::vector<std::string>> Door::Subjects(const std::string& email, const std::string& address) const {
  // What was typed may be a password, so that nothing of it is kept in the clear.
  SHEAF_ASSIGN(const std::string digest, Digest("sign-in " + Fold(email)));
  return std::vector<std::string>{"email " + digest, "address " + NetworkOf(address)};
}

Status Door::Begin(const std::vector<std::string>& subjects) {
  const Micros now = Now();
  SHEAF_ASSIGN(const Micros wait, catalog_->BeginAttempt(subjects, now, [&](std::size_t subject, const catalog::Attempts& before) {
    return ThrottleWait(subject == 0 ? kPerEmail : kPerAddress, before, now);
  }));
  if (wait <= 0) return {};
  const int seconds = static_cast<int>((wait + kSecond - 1) / kSecond);
  return Fail(Error{ErrorCode::kTooManyRequests, "There were too many failed attempts.", {}, seconds});
}

Status Door::Succeed(const std::vector<std::string>& subjects) {
  SHEAF_TRY(catalog_->TakeBackAttempt(subjects));
  return catalog_->ForgetAttempts(subjects.front());
}

Result<SignedIn> Door::SignIn(const SignInRequest& request) {
  SHEAF_ASSIGN(const auto subjects, Subjects(request.email, request.address));
  SHEAF_TRY(Begin(subjects));
  const auto account = catalog_->FindAccountByEmail(request.email);
  if (!account && account.error().code != ErrorCode::kNotFound) return Fail(account.error());
  const bool known = account && !account->disabled_at;
  const auto right = TryVerifyPassword(known ? account->password_hash : nobodys_hash_, request.password);
  if (!right) {
    SHEAF_TRY(catalog_->TakeBackAttempt(subjects));
    return Fail(right.error());
  }
  if (!known || !*right) return Fail(ErrorCode::kSignInRefused, "The e-mail address or the password is wrong.");
  SHEAF_ASSIGN(const auto factor, catalog_->FindSecondFactor(account->id));
  const bool second = factor && factor->confirmed;
  if (second && request.code.empty()) {
    SHEAF_TRY(catalog_->TakeBackAttempt(subjects));
    return Fail(ErrorCode::kSecondFactorRequired, "The account asks for a second factor.");
  }
  if (second) {
    SHEAF_ASSIGN(const bool taken, TakeCode(*factor, request.code));
    if (!taken) return Fail(ErrorCode::kSecondFactorRequired, "The code is wrong.");
  }
  SHEAF_TRY(Succeed(subjects));
  return Open(*account, second);
}

Result<SignedIn> Door::Open(const catalog::Account& account, bool second_factor) {
  SignedIn signed_in;
  signed_in.account = account;
  signed_in.second_factor = second_factor;
  signed_in.secret = RandomToken(kSecretSize);
  SHEAF_ASSIGN(signed_in.csrf_token, CsrfToken(signed_in.secret));
  SHEAF_ASSIGN(const std::string digest, Digest(signed_in.secret));
  const Micros now = Now();
  SHEAF_TRY(catalog_->RemoveOldSessions(now, now - kSessionIdle));
  SHEAF_ASSIGN(signed_in.session, catalog_->AddSession(account.id, digest, now, now + kSessionLongest));
  return signed_in;
}

Status Door::SignOut(const Principal& principal) {
  const Status removed = catalog_->RemoveSession(principal.session);
  // Signed out twice at once is signed out.
  if (!removed && removed.error().code != ErrorCode::kNotFound) return removed;
  return {};
}

Result<catalog::Account> Door::CheckPresentPassword(const Principal& principal, const std::string& password, const std::string& address) {
  SHEAF_ASSIGN(catalog::Account account, catalog_->FindAccount(principal.account));
  SHEAF_ASSIGN(const auto subjects, Subjects(account.email, address));
  SHEAF_TRY(Begin(subjects));
  const auto right = TryVerifyPassword(account.password_hash, password);
  if (!right || *right) SHEAF_TRY(catalog_->TakeBackAttempt(subjects));
  if (!right) return Fail(right.error());
  if (!*right) return Fail(ErrorCode::kWrongPassword, "The present password is wrong.");
  return account;
}

Status Door::ChangePassword(const Principal& principal, const std::string& current, const std::string& next, const std::string& address) {
  SHEAF_TRY(CheckPresentPassword(principal, current, address));
  catalog::AccountChange change;
  SHEAF_ASSIGN(change.password_hash, HashPassword(next));
  SHEAF_TRY(catalog_->ChangeAccount(principal.account, change));
  return catalog_->RemoveSessions(principal.account, principal.session);
}

Result<NewFactor> Door::BeginSecondFactor(const Principal& principal) {
  SHEAF_ASSIGN(const catalog::Account account, catalog_->FindAccount(principal.account));
  const std::string secret = NewTotpSecret();
  SHEAF_ASSIGN(const std::string sealed, site_key_->Seal(Purpose(account.id), secret));
  SHEAF_TRY(catalog_->PutSecondFactor(account.id, ToHex(sealed)));
  return NewFactor{Base32(secret), TotpUri(secret, account.email)};
}

Result<std::vector<std::string>> Door::ConfirmSecondFactor(const Principal& principal, const std::string& code,
                                                           const std::string& address) {
  SHEAF_ASSIGN(const auto factor, catalog_->FindSecondFactor(principal.account));
  if (!factor || factor->confirmed) return Fail(ErrorCode::kConflict, "No second factor waits to be confirmed.");
  SHEAF_ASSIGN(const auto subjects, Subjects("code of " + principal.account, address));
  SHEAF_TRY(Begin(subjects));
  SHEAF_ASSIGN(const std::string secret, OpenSecret(*factor));
  const auto step = TotpStepOf(secret, Plain(code), Now());
  if (!step) return Fail(ErrorCode::kWrongCode, "The code is wrong.");
  SHEAF_TRY(Succeed(subjects));
  std::vector<std::string> codes;
  std::vector<std::string> digests;
  for (std::size_t i = 0; i < kRecoveryCodes; ++i) {
    codes.push_back(NewRecoveryCode());
    SHEAF_ASSIGN(std::string digest, RecoveryDigest(principal.account, Plain(codes.back())));
    digests.push_back(std::move(digest));
  }
  SHEAF_TRY(catalog_->ConfirmSecondFactor(principal.account, *step, digests));
  return codes;
}

Status Door::RemoveSecondFactor(const Principal& principal, const std::string& password, const std::string& code,
                                const std::string& address) {
  SHEAF_ASSIGN(const auto factor, catalog_->FindSecondFactor(principal.account));
  if (!factor) return Fail(ErrorCode::kNotFound, "The account has no second factor.");
  SHEAF_TRY(CheckPresentPassword(principal, password, address));
  // One that nobody confirmed proves nothing.
  if (factor->confirmed) {
    SHEAF_ASSIGN(const auto subjects, Subjects("code of " + principal.account, address));
    SHEAF_TRY(Begin(subjects));
    SHEAF_ASSIGN(const bool taken, TakeCode(*factor, code));
    if (!taken) return Fail(ErrorCode::kWrongCode, "The code is wrong.");
    SHEAF_TRY(Succeed(subjects));
  }
  return catalog_->RemoveSecondFactor(principal.account);
}

Result<bool> Door::HasSecondFactor(std::string_view account) {
  SHEAF_ASSIGN(const auto factor, catalog_->FindSecondFactor(account));
  return factor && factor->confirmed;
}

Result<std::string> Door::OpenSecret(const catalog::SecondFactor& factor) const {
  SHEAF_ASSIGN(const std::string sealed, FromHex(factor.sealed));
  return site_key_->Open(Purpose(factor.account), sealed);
}

Result<bool> Door::TakeCode(const catalog::SecondFactor& factor, const std::string& code) {
  SHEAF_ASSIGN(const std::string secret, OpenSecret(factor));
  const std::string plain = Plain(code);
  if (const auto step = TotpStepOf(secret, plain, Now())) return catalog_->UseStep(factor.account, *step);
  SHEAF_ASSIGN(const std::string digest, RecoveryDigest(factor.account, plain));
  return catalog_->UseRecoveryCode(factor.account, digest);
}

}  // namespace sheaf::access
