#include "live/channel.h"

#include <gtest/gtest.h>

#include <optional>

namespace sheaf::live {
namespace {

Text Of(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

class Channels : public testing::Test {
 protected:
  //! What a Read gets at once; nullopt: it waits, and what comes is put into `later_`.
  std::optional<std::string> Read(Listener& listener) {
    auto at_once = std::make_shared<std::optional<std::string>>();
    auto waiting = std::make_shared<bool>(false);
    listener.Read([this, at_once, waiting](Result<Text> text) {
      const std::string said = text ? **text : "error";
      if (*waiting) later_.push_back(said);
      else *at_once = said;
    });
    *waiting = true;
    return *at_once;
  }
  std::unique_ptr<Listener> Listen(std::optional<Position> after = {}, std::string who = "anna") {
    return channel_->Listen(after, std::make_shared<const Pass>(Pass{std::move(who), [] { return true; }}));
  }

  int asked_ = 0;
  std::vector<std::string> later_;
  std::shared_ptr<Channel> channel_ = std::make_shared<Channel>([this] { ++asked_; });
};

TEST_F(Channels, ASnapshotThenWhatComes) {
  const auto listener = Listen();
  EXPECT_FALSE(Read(*listener));
  EXPECT_EQ(asked_, 1);
  EXPECT_TRUE(channel_->WantsSnapshot());
  channel_->Offer({5, 0}, Of("five"));
  EXPECT_EQ(later_, std::vector<std::string>{"five"});
  EXPECT_FALSE(Read(*listener));
  channel_->Publish({{{6, 0}, Of("six")}});
  EXPECT_EQ(later_.back(), "six");
  channel_->Publish({{{7, 0}, Of("seven")}});
  channel_->Publish({{{7, 1}, Of("seven and one")}});
  EXPECT_EQ(Read(*listener), "sevenseven and one");
  EXPECT_FALSE(Read(*listener));
  EXPECT_EQ(asked_, 1);
}

TEST_F(Channels, AllGetTheSameBytes) {
  const auto one = Listen(), other = Listen();
  std::vector<const std::string*> got;
  for (const auto* listener : {&one, &other}) {
    (*listener)->Read([&](Result<Text> text) { got.push_back(text->get()); });
  }
  channel_->Offer({1, 0}, Of("one"));
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[0], got[1]);
}

TEST_F(Channels, WhatWaitsComesInOnePiece) {
  const auto one = Listen(), other = Listen(), late = Listen();
  for (const auto* listener : {&one, &other, &late}) EXPECT_FALSE(Read(**listener));
  channel_->Offer({1, 0}, Of("snapshot"));
  std::vector<Text> got;
  const auto take = [&](Result<Text> text) { got.push_back(*text); };
  one->Read(take);
  other->Read(take);
  channel_->Publish({{{2, 0}, Of("update ")}, {{2, 1}, Of("alert ")}});
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(*got[0], "update alert ");
  EXPECT_EQ(got[0], got[1]) << "made once";
  channel_->Publish({{{3, 0}, Of("next")}});
  EXPECT_EQ(Read(*late), "update alert next");
  EXPECT_EQ(Read(*one), "next");
  channel_->Publish({});
  EXPECT_FALSE(Read(*one));
  // Who broke off between the two goes on with the second.
  EXPECT_EQ(Read(*Listen(Position{2, 0})), "alert next");
}

TEST_F(Channels, APieceIsNotLarge) {
  channel_->Offer({1, 0}, Of("first"));
  for (int seq = 2; seq < 8; ++seq) channel_->Publish({{{seq, 0}, Of(std::string(30'000, 'a'))}});
  const auto listener = Listen(Position{1, 0});
  for (int piece = 0; piece < 3; ++piece) EXPECT_EQ(Read(*listener)->size(), 60'000u);
  EXPECT_FALSE(Read(*listener));
  channel_->Publish({{{8, 0}, Of(std::string(200'000, 'b'))}});
  EXPECT_EQ(later_.back().size(), 200'000u);
}

TEST_F(Channels, WhoComesBackGoesOn) {
  channel_->Offer({5, 0}, Of("five"));
  for (int seq = 6; seq < 10; ++seq) channel_->Publish({{{seq, 0}, Of(std::to_string(seq))}});
  const auto back = Listen(Position{7, 0});
  EXPECT_EQ(Read(*back), "89");
  EXPECT_FALSE(Read(*back));
  const auto from_the_snapshot = Listen(Position{5, 0});
  EXPECT_EQ(Read(*from_the_snapshot), "6789");
  const auto at_the_end = Listen(Position{9, 0});
  EXPECT_FALSE(Read(*at_the_end));
  EXPECT_FALSE(channel_->WantsSnapshot());
  for (const Position odd : {Position{4, 0}, Position{10, 0}}) {
    const auto listener = Listen(odd);
    EXPECT_FALSE(Read(*listener));
    EXPECT_TRUE(channel_->WantsSnapshot());
  }
  // Who has gone wants nothing.
  EXPECT_FALSE(channel_->WantsSnapshot());
}

TEST_F(Channels, WhoFallsBehindGetsASnapshot) {
  const auto slow = Listen();
  EXPECT_FALSE(Read(*slow));
  channel_->Offer({1, 0}, Of("first"));
  for (int seq = 2; seq < 1000; ++seq) channel_->Publish({{{seq, 0}, Of(std::to_string(seq))}});
  EXPECT_FALSE(Read(*slow));
  channel_->Offer({999, 0}, Of("all"));
  EXPECT_EQ(later_.back(), "all");
  EXPECT_FALSE(Read(*slow));
  channel_->Publish({{{1000, 0}, Of("next")}});
  EXPECT_EQ(later_.back(), "next");
}

TEST_F(Channels, LargeMessagesAreNotKeptLong) {
  channel_->Offer({1, 0}, Of("first"));
  for (int seq = 2; seq < 20; ++seq) channel_->Publish({{{seq, 0}, Of(std::string(300'000, 'x'))}});
  const auto listener = Listen(Position{3, 0});
  EXPECT_FALSE(Read(*listener));
  EXPECT_TRUE(channel_->WantsSnapshot());
}

TEST_F(Channels, AfterRenewNothingOldIsSent) {
  const auto listener = Listen();
  EXPECT_FALSE(Read(*listener));
  channel_->Offer({1, 0}, Of("anna and ben"));
  channel_->Publish({{{2, 0}, Of("ben again")}});
  channel_->Renew();
  EXPECT_FALSE(Read(*listener));
  const auto back = Listen(Position{2, 0});
  EXPECT_FALSE(Read(*back));
  channel_->Offer(channel_->Latest(), Of("anna alone"));
  EXPECT_EQ(later_, (std::vector<std::string>{"anna and ben", "anna alone", "anna alone"}));
}

TEST_F(Channels, EndingSome) {
  channel_->Offer({1, 0}, Of("one"));
  const auto anna = Listen({}, "anna"), ben = Listen({}, "ben"), busy = Listen({}, "anna");
  EXPECT_EQ(Read(*anna), "one");
  EXPECT_EQ(Read(*ben), "one");
  EXPECT_FALSE(Read(*anna));
  EXPECT_FALSE(Read(*ben));
  EXPECT_EQ(channel_->Passes().size(), 2u);
  channel_->EndWhere([](const Pass& pass) { return pass.identity == "anna"; }, Of("farewell"));
  EXPECT_EQ(later_, std::vector<std::string>{"farewell"});
  EXPECT_EQ(Read(*anna), "");
  EXPECT_EQ(Read(*busy), "farewell");
  EXPECT_EQ(Read(*busy), "");
  channel_->Beat(Of(": alive"));
  EXPECT_EQ(later_.back(), ": alive");
  EXPECT_EQ(channel_->Passes().size(), 1u);
}

TEST_F(Channels, AClientThatLeaves) {
  auto listener = Listen();
  EXPECT_FALSE(Read(*listener));
  listener->Cancel();
  EXPECT_EQ(later_, std::vector<std::string>{"error"});
  listener.reset();
  EXPECT_EQ(channel_->Listeners(), 0u);
  channel_->Publish({{{1, 0}, Of("to nobody")}});
}

TEST(Positions, AsText) {
  EXPECT_EQ(PositionText({1042, 0}), "1042");
  EXPECT_EQ(PositionText({1042, 3}), "1042.3");
  EXPECT_EQ(ParsePosition("1042.3"), (Position{1042, 3}));
  EXPECT_EQ(ParsePosition("0"), (Position{0, 0}));
  for (const char* wrong : {"", "x", "-1", "1.", "1.x", "1.2.3", "1 ", " 1", "99999999999999999999", "1.-2"})
    EXPECT_FALSE(ParsePosition(wrong)) << wrong;
}

}  // namespace
}  // namespace sheaf::live
