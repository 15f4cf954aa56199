#include "model/view_rights.h"

#include <gtest/gtest.h>

namespace sheaf::model {
namespace {

TEST(ViewRightsTest, NoWiderThanOthers) {
  const ViewRights all;
  ViewRights some, one_site, own;
  some.datasets = {"a", "b"};
  one_site.sites = {"x"};
  own.own_participant = "p";
  EXPECT_TRUE(NoWider(all, all));
  EXPECT_TRUE(NoWider(some, all) && NoWider(one_site, all) && NoWider(own, all));
  EXPECT_FALSE(NoWider(all, some) || NoWider(all, one_site) || NoWider(all, own));
  ViewRights less = some;
  less.datasets = {"b"};
  EXPECT_TRUE(NoWider(less, some));
  EXPECT_FALSE(NoWider(some, less));
  ViewRights other = own;
  other.own_participant = "q";
  EXPECT_FALSE(NoWider(other, own));
}

TEST(ViewRightsTest, TextAndBack) {
  ViewRights rights;
  EXPECT_EQ(ViewRightsJson(rights), "{}");
  rights.identifiers = false;
  rights.datasets = {"b", "a"};
  rights.sites = {"x"};
  rights.own_participant = "p";
  auto back = ParseViewRights(ViewRightsJson(rights));
  ASSERT_TRUE(back);
  rights.datasets = {"a", "b"};
  EXPECT_EQ(*back, rights);
}

TEST(ViewRightsTest, WhatCannotBeReadIsNotEverything) {
  for (const char* text : {"", "null", "[]", R"({"identifiers":"no"})", R"({"datasets":[]})", R"({"sites":[1]})", R"({"more":true})"}) {
    EXPECT_FALSE(ParseViewRights(text)) << text;
  }
}

}  // namespace
}  // namespace sheaf::model
