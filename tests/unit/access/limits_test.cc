#include "access/limits.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace sheaf::access {
namespace {

int Taken(Limits& limits, const std::string& address, int times) {
  int taken = 0;
  for (int i = 0; i < times; ++i) taken += limits.OfFailures(address) ? 1 : 0;
  return taken;
}

TEST(Limits, GiveWhatIsAllowedAndThenSayWhenToComeBack) {
  Limits limits({0, 0, 30});
  EXPECT_EQ(Taken(limits, "192.0.2.1", 30), 30);
  const Status refused = limits.OfFailures("192.0.2.1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kTooManyRequests);
  EXPECT_GE(refused.error().retry_after_s, 1);
  EXPECT_LE(refused.error().retry_after_s, 2);
  EXPECT_TRUE(limits.OfFailures("192.0.2.2"));
}

TEST(Limits, AreEachOfTheirOwn) {
  Limits limits({1, 2, 0});
  EXPECT_TRUE(limits.OfKey("a"));
  EXPECT_FALSE(limits.OfKey("a"));
  EXPECT_TRUE(limits.OfKey("b"));
  EXPECT_TRUE(limits.OfAddress("a"));
  EXPECT_TRUE(limits.OfAddress("a"));
  EXPECT_FALSE(limits.OfAddress("a"));
  EXPECT_EQ(Taken(limits, "a", 1000), 1000);
}

TEST(Limits, GiveAgainAsTimeGoesBy) {
  Limits limits({1000, 0, 0});
  while (limits.OfKey("k")) {}
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_TRUE(limits.OfKey("k"));
}

TEST(Limits, AreKeptWhenManyAsk) {
  Limits limits({0, 0, 30});
  EXPECT_EQ(Taken(limits, "192.0.2.1", 31), 30);
  for (int i = 0; i < 50'000; ++i) static_cast<void>(limits.OfFailures("host " + std::to_string(i)));
  EXPECT_FALSE(limits.OfFailures("192.0.2.1"));
}

TEST(Limits, CountAcrossThreads) {
  Limits limits({0, 0, 1000});
  std::atomic<int> taken = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { taken += Taken(limits, "192.0.2.1", 500); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(taken, 1000);
  EXPECT_LT(taken, 1200);
}

TEST(Addresses, OfOneMachineAreOne) {
  EXPECT_EQ(NetworkOf("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(NetworkOf("::ffff:192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(NetworkOf("2001:db8:1:2::1"), NetworkOf("2001:db8:1:2:ffff::9"));
  EXPECT_NE(NetworkOf("2001:db8:1:2::1"), NetworkOf("2001:db8:1:3::1"));
  EXPECT_EQ(NetworkOf("fe80::1%eth0"), NetworkOf("fe80::2"));
  EXPECT_EQ(NetworkOf("a:b"), "a:b");
  for (const char* address : {"192.0.2.1", "::1", "2001:db8::1"}) EXPECT_TRUE(IsAddress(address)) << address;
  for (const char* text : {"", "192.0.2", "192.0.2.1:80", "[::1]", "host", "1.2.3.4, 5.6.7.8", "256.1.1.1"})
    EXPECT_FALSE(IsAddress(text)) << text;
}

}  // namespace
}  // namespace sheaf::access
