#include "secrets/key_ring.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include "base/ids.h"
#include "secrets/passphrase.h"

namespace sheaf::secrets {
namespace {

const std::string kPassphrase = "correct horse battery staple";

class KeyRingTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / NewId("ring_");
    std::filesystem::create_directory(folder_);
    catalog_ = OpenCatalog();
    ASSERT_NE(catalog_, nullptr);
    owner_ = catalog_->AddAccount("owner@example.org", "Owner", false, "h")->id;
    AddStudy("one");
    AddStudy("two");
    site_ = *SiteKey::Generate();
    ring_ = *KeyRing::Open(catalog_, site_);
  }
  void TearDown() override {
    ring_.reset();
    catalog_.reset();
    std::filesystem::remove_all(folder_);
  }
  std::shared_ptr<catalog::Catalog> OpenCatalog() {
    auto opened = catalog::OpenCatalog(folder_ / "catalog.sqlite");
    EXPECT_TRUE(opened);
    return opened ? std::shared_ptr<catalog::Catalog>(*std::move(opened)) : nullptr;
  }
  void AddStudy(const std::string& id) {
    model::Study study;
    study.id = id;
    study.owner = owner_;
    ASSERT_TRUE(catalog_->AddStudy(study));
  }
  static std::string Box(const KeyBytes& to, const KeyBytes& what) {
    std::string box(crypto_box_SEALBYTES + what.size(), '\0');
    crypto_box_seal(reinterpret_cast<unsigned char*>(box.data()), what.data(), what.size(), to.data());
    return box;
  }
  //! All bytes of the catalog's files.
  std::string Bytes() const {
    std::string all;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      std::stringstream text;
      text << std::ifstream(entry.path(), std::ios::binary).rdbuf();
      all += text.str();
    }
    return all;
  }

  std::filesystem::path folder_;
  std::shared_ptr<catalog::Catalog> catalog_;
  std::shared_ptr<const SiteKey> site_;
  std::shared_ptr<KeyRing> ring_;
  std::string owner_;
};

TEST_F(KeyRingTest, AStudyHasOneCodeKeyEverAfter) {
  const auto key = ring_->CodeKey("one");
  ASSERT_TRUE(key);
  EXPECT_EQ(*key, *ring_->CodeKey("one"));
  EXPECT_NE(*key, *ring_->CodeKey("two"));
  EXPECT_NE(*key, KeyBytes{});
  const auto again = KeyRing::Open(OpenCatalog(), site_);
  ASSERT_TRUE(again);
  EXPECT_EQ(*key, *(*again)->CodeKey("one"));
  EXPECT_EQ(ring_->CodeKey("none").error().code, ErrorCode::kNotFound);
}

TEST_F(KeyRingTest, ManyWhoAskAtOnceGetTheSameKeys) {
  std::vector<KeyBytes> keys(8);
  std::vector<std::thread> threads;
  for (KeyBytes& key : keys) {
    threads.emplace_back([&] { key = KeyRing::Open(catalog_, site_).value()->CodeKey("one").value(); });
  }
  for (auto& thread : threads) thread.join();
  for (const KeyBytes& key : keys) EXPECT_EQ(key, keys.front());
}

TEST_F(KeyRingTest, ContentSealedToAStudyOpensWithItsKeyAlone) {
  KeyBytes secret;
  randombytes_buf(secret.data(), secret.size());
  const std::string box = Box(*ring_->PublicKey("one"), secret);
  EXPECT_EQ(*ring_->OpenContent("one", "")->OpenBox(box), secret);
  EXPECT_EQ(ring_->OpenContent("two", "")->OpenBox(box).error().code, ErrorCode::kStorageDamaged);
  std::string changed = box;
  changed[40] = static_cast<char>(changed[40] ^ 1);
  EXPECT_EQ(ring_->OpenContent("one", "")->OpenBox(changed).error().code, ErrorCode::kStorageDamaged);
  EXPECT_FALSE(ring_->OpenContent("one", "")->OpenBox(box.substr(1)));
}

TEST_F(KeyRingTest, ALockedStudyOpensWithItsPassphraseAlone) {
  KeyBytes secret;
  randombytes_buf(secret.data(), secret.size());
  const std::string before = Box(*ring_->PublicKey("one"), secret);
  const KeyBytes code = *ring_->CodeKey("one");
  EXPECT_EQ(ring_->Lock("one", "short").error().code, ErrorCode::kBadParameter);
  ASSERT_TRUE(ring_->Lock("one", kPassphrase));
  EXPECT_TRUE(catalog_->FindStudy("one")->locked);
  EXPECT_EQ(ring_->Lock("one", kPassphrase).error().code, ErrorCode::kConflict);
  EXPECT_EQ(ring_->OpenContent("one", "").error().code, ErrorCode::kStudyLocked);
  EXPECT_EQ(ring_->OpenContent("one", "correct horse battery stable").error().code, ErrorCode::kStudyLocked);
  EXPECT_EQ(*ring_->OpenContent("one", kPassphrase)->OpenBox(before), secret);
  // Writing and codes go on without it.
  const std::string during = Box(*ring_->PublicKey("one"), secret);
  EXPECT_EQ(*ring_->CodeKey("one"), code);
  EXPECT_EQ(ring_->Unlock("one", "correct horse battery stable").error().code, ErrorCode::kStudyLocked);
  ASSERT_TRUE(ring_->Unlock("one", kPassphrase));
  EXPECT_FALSE(catalog_->FindStudy("one")->locked);
  EXPECT_EQ(ring_->Unlock("one", kPassphrase).error().code, ErrorCode::kConflict);
  EXPECT_EQ(*ring_->OpenContent("one", "")->OpenBox(during), secret);
}

TEST_F(KeyRingTest, NothingThatOpensALockedStudyStaysInTheFiles) {
  ASSERT_TRUE(ring_->PublicKey("one"));
  const std::string wrapped = catalog_->Secrets().FindStudyKeys("one").value()->wrapped;
  ASSERT_NE(Bytes().find(wrapped), std::string::npos);
  ASSERT_TRUE(ring_->Lock("one", kPassphrase));
  EXPECT_EQ(Bytes().find(wrapped), std::string::npos);
  EXPECT_EQ(Bytes().find(kPassphrase), std::string::npos);
}

TEST_F(KeyRingTest, TheKeysGoWithTheStudy) {
  const KeyBytes code = *ring_->CodeKey("one");
  const auto kept = catalog_->Secrets().FindStudyKeys("one").value();
  ASSERT_TRUE(catalog_->RemoveStudy("one"));
  EXPECT_EQ(Bytes().find(kept->wrapped), std::string::npos);
  EXPECT_EQ(Bytes().find(kept->code_key), std::string::npos);
  EXPECT_EQ(ring_->CodeKey("one").error().code, ErrorCode::kNotFound);
  AddStudy("one");
  EXPECT_NE(*ring_->CodeKey("one"), code);
}

TEST_F(KeyRingTest, AnotherSiteKeyIsRefused) {
  const auto other = *SiteKey::Generate();
  const auto refused = KeyRing::Open(catalog_, other);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kWrongKeyFile);
  EXPECT_NE(refused.error().detail.find(site_->Fingerprint()), std::string::npos);
}

TEST_F(KeyRingTest, RotationLeavesOnlyTheNewSiteKey) {
  KeyBytes secret;
  randombytes_buf(secret.data(), secret.size());
  const std::string box = Box(*ring_->PublicKey("one"), secret);
  const KeyBytes code = *ring_->CodeKey("two");
  ASSERT_TRUE(ring_->Lock("two", kPassphrase));
  const auto next = *SiteKey::Generate();
  EXPECT_EQ(RotateSiteKey(*catalog_, *next, *site_).error().code, ErrorCode::kWrongKeyFile);
  const auto count = RotateSiteKey(*catalog_, *site_, *next);
  ASSERT_TRUE(count) << count.error().detail;
  EXPECT_EQ(*count, 3U) << "the content key of one, and two code keys; the passphrase wraps the other";
  EXPECT_EQ(RotateSiteKey(*catalog_, *site_, *next).error().code, ErrorCode::kWrongKeyFile);
  EXPECT_FALSE(KeyRing::Open(catalog_, site_));
  const auto ring = *KeyRing::Open(catalog_, next);
  EXPECT_EQ(*ring->OpenContent("one", "")->OpenBox(box), secret);
  EXPECT_EQ(*ring->CodeKey("two"), code);
  EXPECT_TRUE(ring->OpenContent("two", kPassphrase));
}

TEST_F(KeyRingTest, ARotationThatFailsChangesNothing) {
  const KeyBytes code = *ring_->CodeKey("one");
  ASSERT_TRUE(ring_->CodeKey("two"));
  int calls = 0;
  const auto broken =
      catalog_->Secrets().ResealAll(site_->Fingerprint(), "0123", [&](const std::string&, const std::string&) -> Result<std::string> {
        if (++calls == 3) return Fail(ErrorCode::kIo, "stop");
        return std::string("nonsense");
      });
  EXPECT_FALSE(broken);
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(*KeyRing::Open(OpenCatalog(), site_).value()->CodeKey("one"), code);
}

TEST(PassphraseTest, WhatItSealedIsCheckedBeforeItIsBelieved) {
  const auto sealed = SealByPassphrase(kPassphrase, "secret");
  ASSERT_TRUE(sealed);
  EXPECT_EQ(*OpenByPassphrase(kPassphrase, *sealed), "secret");
  EXPECT_NE(*sealed, *SealByPassphrase(kPassphrase, "secret"));
  EXPECT_EQ(OpenByPassphrase(kPassphrase, sealed->substr(0, 40)).error().code, ErrorCode::kStorageDamaged);
  std::string greedy = *sealed;
  greedy[5] = '\x7F';
  EXPECT_EQ(OpenByPassphrase(kPassphrase, greedy).error().code, ErrorCode::kStorageDamaged) << "memory without bound";
  std::string changed = *sealed;
  changed.back() = static_cast<char>(changed.back() ^ 1);
  EXPECT_EQ(OpenByPassphrase(kPassphrase, changed).error().code, ErrorCode::kStudyLocked);
}

}  // namespace
}  // namespace sheaf::secrets
