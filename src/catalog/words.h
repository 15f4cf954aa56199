#pragma once
//! Lists of short texts in one column.

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace sheaf::catalog {

//! No element may hold `between`.
inline std::string JoinWords(const std::vector<std::string>& words, char between = ' ') {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += between;
    text += word;
  }
  return text;
}

inline std::vector<std::string> SplitWords(std::string_view text, char between = ' ') {
  std::vector<std::string> words;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find(between, begin), text.size());
    if (end > begin) words.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

}  // namespace sheaf::catalog
