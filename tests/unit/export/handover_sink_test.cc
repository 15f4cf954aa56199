#include "export/handover_sink.h"

#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <stdexcept>

namespace sheaf::exporting {
namespace {

class Kept final : public Sink {
 public:
  Status Write(std::string_view part) override {
    if (throws) throw std::runtime_error("broken");
    if (bytes.size() + part.size() > room) return Fail(ErrorCode::kStorageFull, "no room");
    if (slow) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    bytes += part;
    return {};
  }
  std::string bytes;
  std::size_t room = std::size_t(-1);
  bool slow = false, throws = false;
};

TEST(HandOverSink, KeepsOrderAndBytes) {
  for (const bool slow : {false, true}) {
    Kept kept;
    kept.slow = slow;
    HandOverSink sink(kept);
    std::string expected;
    std::mt19937 random(7);
    for (int block = 0; block < 200; ++block) {
      const std::string part(random() % 5000, static_cast<char>('a' + block % 26));
      expected += part;
      ASSERT_TRUE(sink.Write(part));
    }
    ASSERT_TRUE(sink.Finish());
    EXPECT_EQ(kept.bytes, expected);
  }
}

TEST(HandOverSink, AFailureComesBack) {
  Kept kept;
  kept.room = 10;
  HandOverSink sink(kept);
  Status status;
  for (int block = 0; status && block < 1000; ++block) status = sink.Write("12345678");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kStorageFull);
  EXPECT_FALSE(sink.Finish());
  EXPECT_EQ(kept.bytes, "12345678");
}

TEST(HandOverSink, AFailureOfTheLastBytesComesWithFinish) {
  Kept kept;
  kept.throws = true;
  HandOverSink sink(kept);
  ASSERT_TRUE(sink.Write("1"));
  const auto finished = sink.Finish();
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().code, ErrorCode::kInternal);
}

TEST(HandOverSink, LeftInTheMidst) {
  Kept kept;
  kept.slow = true;
  {
    HandOverSink sink(kept);
    for (int block = 0; block < 5; ++block) ASSERT_TRUE(sink.Write("x"));
  }
  EXPECT_LE(kept.bytes.size(), 5u);
}

}  // namespace
}  // namespace sheaf::exporting
