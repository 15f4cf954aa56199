#include "quality/event_spans.h"

#include <gtest/gtest.h>

namespace sheaf::quality {
namespace {

TEST(EventSpans, TheLastWordSaysWhatAnEventTells) {
  EXPECT_EQ(MomentOf("component.start").kind, Moment::Kind::kBegins);
  EXPECT_EQ(MomentOf("Trial_STARTED").kind, Moment::Kind::kBegins);
  EXPECT_EQ(MomentOf("component.complete").kind, Moment::Kind::kEnds);
  EXPECT_EQ(MomentOf("video.recording.stopped").kind, Moment::Kind::kEnds);
  EXPECT_EQ(MomentOf("component.start").what, MomentOf("component.end").what);
  EXPECT_NE(MomentOf("component.start").what, MomentOf("state.start").what);
  for (const char* none :
       {"", "start", ".start", "restart", "component.", "component.view", "legend", "weekend", "a.restart", "media.loaded"})
    EXPECT_EQ(MomentOf(none).kind, Moment::Kind::kNeither) << none;
}

TEST(EventSpans, TheFirstOfEachCountsInWhicheverOrderTheyCome) {
  std::vector<EventSpan> spans;
  const Moment begins{Moment::Kind::kBegins, 7}, ends{Moment::Kind::kEnds, 7};
  NoteMoment(spans, ends, 30, 1);
  NoteMoment(spans, {Moment::Kind::kEnds, 3}, 1, 2);
  EXPECT_FALSE(spans[1].Reversed());  // its beginning was lost
  NoteMoment(spans, begins, 40, 3);
  EXPECT_TRUE(spans[1].Reversed());
  EXPECT_EQ(spans[1].end, 1);
  NoteMoment(spans, ends, 20, 4);
  EXPECT_EQ(spans[1].end, 4);
  NoteMoment(spans, begins, 10, 5);
  EXPECT_FALSE(spans[1].Reversed());
  EXPECT_EQ(spans.size(), 2u);
}

TEST(EventSpans, NoMoreAreKeptThanFit) {
  std::vector<EventSpan> spans;
  for (std::uint64_t what = 0; what < kMostEventSpans + 10; ++what) NoteMoment(spans, {Moment::Kind::kBegins, what}, 1, 1);
  EXPECT_EQ(spans.size(), kMostEventSpans);
}

}  // namespace
}  // namespace sheaf::quality
