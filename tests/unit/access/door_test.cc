// Signing in, seen from inside: where a clock has to be moved or many things happen at once.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "access/door.h"
#include "access/secret.h"
#include "access/sessions.h"
#include "access/totp.h"

namespace sheaf::access {
namespace {

constexpr Micros kSecond = 1'000'000;

TEST(Totp, GivesTheCodesOfTheStandard) {
  // RFC 6238, appendix B, the last six of its eight digits.
  const std::string secret = "12345678901234567890";
  const std::vector<std::pair<std::int64_t, std::string>> known = {{59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
                                                                   {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"}};
  for (const auto& [second, code] : known) EXPECT_EQ(TotpCode(secret, second / 30), code);
}

TEST(Totp, TakesTheNeighbouringSteps) {
  const std::string secret = NewTotpSecret();
  const Micros now = 1'800'000'015 * kSecond;
  const std::int64_t step = now / kTotpStep;
  for (const std::int64_t near : {step - 1, step, step + 1}) EXPECT_EQ(TotpStepOf(secret, TotpCode(secret, near), now), near);
  for (const std::int64_t far : {step - 2, step + 2}) {
    const auto found = TotpStepOf(secret, TotpCode(secret, far), now);
    // One in three hundred thousand secrets repeats a code so soon.
    if (found) { EXPECT_EQ(TotpCode(secret, *found), TotpCode(secret, far)); }
  }
  for (const char* text : {"", "12345", "1234567", "abcdef"}) EXPECT_FALSE(TotpStepOf(secret, text, now)) << text;
}

TEST(Totp, WritesBase32) {
  // RFC 4648, section 10, without its padding.
  const std::vector<std::pair<std::string, std::string>> known = {
      {"", ""}, {"f", "MY"}, {"fo", "MZXQ"}, {"foo", "MZXW6"}, {"foob", "MZXW6YQ"}, {"fooba", "MZXW6YTB"}, {"foobar", "MZXW6YTBOI"}};
  for (const auto& [bytes, text] : known) EXPECT_EQ(Base32(bytes), text);
}

TEST(Sessions, FindsTheOneCookie) {
  EXPECT_EQ(SessionSecret("sheaf_session=abc"), "abc");
  EXPECT_EQ(SessionSecret("a=b; sheaf_session=abc ;c=d"), "abc");
  EXPECT_EQ(SessionSecret("sheaf_session=abc; sheaf_session=abc"), "abc");
  for (const char* none :
       {"", ";", "sheaf_session", "sheaf_sessio=abc", "sheaf_session2=abc", "x=sheaf_session=abc", "sheaf_session=a; sheaf_session=b"}) {
    EXPECT_EQ(SessionSecret(none), "") << none;
  }
}

TEST(Throttle, GrowsAndLocks) {
  const auto wait = [](int failures, Micros ago) { return ThrottleWait(kPerEmail, {failures, 1'000 * kSecond - ago}, 1'000 * kSecond); };
  for (int failures = 0; failures < 5; ++failures) EXPECT_EQ(wait(failures, 0), 0);
  EXPECT_EQ(wait(5, 0), 1 * kSecond);
  EXPECT_EQ(wait(5, kSecond), 0);
  EXPECT_EQ(wait(6, 0), 2 * kSecond);
  EXPECT_EQ(wait(9, 0), 16 * kSecond);
  EXPECT_EQ(wait(10, 0), 900 * kSecond);
  EXPECT_EQ(wait(1000, 899 * kSecond), 1 * kSecond);
  EXPECT_EQ(wait(1000, 900 * kSecond), 0);
}

class DoorTest : public ::testing::Test {
 protected:
  static constexpr const char* kEmail = "a@example.org";
  static constexpr const char* kPassword = "a good password";

  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "sheaf-door-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
    auto opened = catalog::OpenCatalog(directory_ / "catalog.sqlite");
    ASSERT_TRUE(opened);
    catalog_ = *std::move(opened);
    gate_ = std::make_unique<Gate>(catalog_);
    door_ = std::make_unique<Door>(catalog_, *secrets::SiteKey::Generate());
    account_ = catalog_->AddAccount(kEmail, "A", false, *HashPassword(kPassword))->id;
  }
  void TearDown() override {
    door_.reset();
    gate_.reset();
    catalog_.reset();
    std::filesystem::remove_all(directory_);
  }
  Result<SignedIn> SignIn(const std::string& password, const std::string& address = "192.0.2.1", const std::string& code = {}) {
    return door_->SignIn({kEmail, password, code, address});
  }
  Result<Principal> Enter(const std::string& secret, std::string_view method = "GET", std::string_view csrf = {}) {
    const std::string cookie = "sheaf_session=" + secret;
    Credentials credentials;
    credentials.cookie = cookie;
    credentials.method = method;
    credentials.csrf = csrf;
    return gate_->Authenticate(credentials);
  }
  // A session as it would be had it been opened and last seen then.
  std::string Session(Micros created, Micros seen) {
    const std::string secret = "secret-" + std::to_string(created) + std::to_string(seen);
    const auto session = catalog_->AddSession(account_, *Digest(secret), created, created + kSessionLongest);
    EXPECT_TRUE(session);
    EXPECT_TRUE(catalog_->NoteSessionUse(session->id, seen));
    return secret;
  }

  std::filesystem::path directory_;
  std::shared_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<Gate> gate_;
  std::unique_ptr<Door> door_;
  std::string account_;
};

TEST_F(DoorTest, ASessionEntersAndChangesWithItsToken) {
  const auto in = SignIn(kPassword);
  ASSERT_TRUE(in);
  const auto principal = Enter(in->secret);
  ASSERT_TRUE(principal);
  EXPECT_EQ(principal->account, account_);
  EXPECT_EQ(principal->session, in->session.id);
  EXPECT_EQ(principal->key, "");
  EXPECT_TRUE(Enter(in->secret, "HEAD"));
  EXPECT_TRUE(Enter(in->secret, "POST", in->csrf_token));
  for (const char* method : {"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "get"}) {
    EXPECT_EQ(Enter(in->secret, method).error().code, ErrorCode::kCsrf) << method;
  }
  ASSERT_TRUE(door_->SignOut(*principal));
  EXPECT_EQ(Enter(in->secret).error().code, ErrorCode::kUnauthenticated);
  EXPECT_TRUE(door_->SignOut(*principal));
}

TEST_F(DoorTest, SessionsEndWhenIdleAndWhenOld) {
  const Micros now = Now();
  EXPECT_TRUE(Enter(Session(now, now)));
  EXPECT_TRUE(Enter(Session(now - 13 * 86400 * kSecond, now - 11 * 3600 * kSecond)));
  EXPECT_FALSE(Enter(Session(now - 86400 * kSecond, now - kSessionIdle - kSecond)));
  EXPECT_FALSE(Enter(Session(now - kSessionLongest - kSecond, now)));
}

TEST_F(DoorTest, BeingSeenIsWrittenNowAndThen) {
  const Micros now = Now();
  const std::string secret = Session(now - 7200 * kSecond, now - 3600 * kSecond);
  ASSERT_TRUE(Enter(secret));
  ASSERT_TRUE(gate_->FlushUses());
  EXPECT_GE(catalog_->FindSessionByDigest(*Digest(secret))->last_seen_at, now);
  const auto before = catalog_->Generation();
  ASSERT_TRUE(Enter(secret));
  ASSERT_TRUE(gate_->FlushUses());
  EXPECT_EQ(*catalog_->Generation(), *before);
}

TEST_F(DoorTest, ManyGuessesAtOnceAreCountedOneByOne) {
  std::atomic<int> looked_at = 0, held = 0, other = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 12; ++i) {
    threads.emplace_back([&] {
      const auto in = SignIn("wrong password");
      if (in) return void(++other);
      const ErrorCode code = in.error().code;
      ++(code == ErrorCode::kSignInRefused ? looked_at : code == ErrorCode::kTooManyRequests ? held : other);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(looked_at, 5);
  EXPECT_EQ(looked_at + held, 12);
  EXPECT_EQ(other, 0);
}

TEST_F(DoorTest, AnAddressThatTriesManyAccountsIsHeldToo) {
  for (int i = 0; i < kPerAddress.delay_after; ++i) {
    const auto subjects = std::vector<std::string>{"email of " + std::to_string(i), "address 192.0.2.1"};
    ASSERT_EQ(*catalog_->BeginAttempt(subjects, Now(), [](std::size_t, const catalog::Attempts&) { return Micros{0}; }), 0);
  }
  EXPECT_EQ(SignIn(kPassword).error().code, ErrorCode::kTooManyRequests);
  EXPECT_TRUE(SignIn(kPassword, "192.0.2.2"));
}

TEST_F(DoorTest, SigningInRightlyIsNoFailureOfTheAddress) {
  for (int i = 0; i < kPerAddress.delay_after + 2; ++i) ASSERT_TRUE(SignIn(kPassword)) << i;
}

TEST_F(DoorTest, AnHourWithoutFailureForgets) {
  const Micros long_ago = Now() - 3601 * kSecond;
  const auto subjects = std::vector<std::string>{"email " + *Digest("sign-in a@example.org"), "address 192.0.2.1"};
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(catalog_->BeginAttempt(subjects, long_ago, [](std::size_t, const catalog::Attempts&) { return Micros{0}; }));
  }
  EXPECT_TRUE(SignIn(kPassword));
}

TEST_F(DoorTest, ASecretOfAnotherKeyIsNoSecondFactor) {
  const auto in = SignIn(kPassword);
  const auto principal = Enter(in->secret);
  ASSERT_TRUE(principal);
  ASSERT_TRUE(door_->BeginSecondFactor(*principal));
  Door other(catalog_, *secrets::SiteKey::Generate());
  EXPECT_EQ(other.ConfirmSecondFactor(*principal, "123456", "192.0.2.1").error().code, ErrorCode::kStorageDamaged);
}

TEST_F(DoorTest, OfTwoThatUseOneCodeAtOnceOneEnters) {
  const auto principal = Enter(SignIn(kPassword)->secret);
  ASSERT_TRUE(door_->BeginSecondFactor(*principal));
  ASSERT_TRUE(catalog_->ConfirmSecondFactor(account_, 5, {"digest"}));
  std::atomic<int> steps = 0, codes = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] {
      if (*catalog_->UseStep(account_, 6)) ++steps;
      if (*catalog_->UseRecoveryCode(account_, "digest")) ++codes;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(steps, 1);
  EXPECT_EQ(codes, 1);
  EXPECT_FALSE(*catalog_->UseStep(account_, 5));
}

}  // namespace
}  // namespace sheaf::access
