#include <algorithm>
#include <map>
#include <stdexcept>

#include "http/server.h"

namespace sheaf::http {
namespace {

struct Endpoint {
  std::string method;
  std::string pattern;
  std::vector<std::string> names;  // of the braces, in the order of the path
  Handler handler;
  Router::Options options;
};

// A tree of segments. Names of braces belong to the endpoints, so that "/{study}/a" and "/{id}/b" can share a node.
struct Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> brace;
  std::vector<Endpoint> endpoints;
  std::vector<Endpoint> rest_endpoints;
};

std::vector<std::string_view> Split(std::string_view path) {
  std::vector<std::string_view> segments;
  path.remove_prefix(1);
  for (;;) {
    const std::size_t slash = path.find('/');
    segments.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

const Endpoint* FindMethod(const std::vector<Endpoint>& endpoints, std::string_view method) {
  const auto named = [&](std::string_view wanted) {
    const auto found = std::find_if(endpoints.begin(), endpoints.end(), [&](const Endpoint& e) { return e.method == wanted; });
    return found == endpoints.end() ? nullptr : &*found;
  };
  const Endpoint* endpoint = named(method);
  if (!endpoint && method == "HEAD") endpoint = named("GET");
  return endpoint;
}

// One search. The path is split before it is decoded, so that an escaped '/' stays inside its segment.
class Search {
 public:
  Search(std::string_view method, std::string_view path) : method_(method), raw_(Split(path)) {
    decoded_.reserve(raw_.size());
    for (const std::string_view segment : raw_) {
      auto text = PercentDecode(segment, false);
      if (!text) valid_ = false;
      decoded_.push_back(text ? *std::move(text) : std::string());
    }
  }

  Router::Match Run(const Node& root) {
    Router::Match match;
    if (!valid_) return match;
    const Endpoint* endpoint = Visit(root, 0);
    if (!endpoint) {
      std::sort(allowed_.begin(), allowed_.end());
      allowed_.erase(std::unique(allowed_.begin(), allowed_.end()), allowed_.end());
      match.allowed = std::move(allowed_);
      return match;
    }
    match.handler = &endpoint->handler;
    match.options = endpoint->options;
    match.pattern = endpoint->pattern;
    for (std::size_t i = 0; i < endpoint->names.size(); ++i) {
      match.path_parameters.emplace_back(endpoint->names[i], std::move(values_[i]));
    }
    return match;
  }

 private:
  // Depth first, the literal before the brace. A node that knows the path but not the method does not end the search.
  const Endpoint* Visit(const Node& node, std::size_t index) {
    if (index == raw_.size()) return Choose(node.endpoints);
    const auto literal = node.literals.find(decoded_[index]);
    if (literal != node.literals.end()) {
      if (const Endpoint* found = Visit(*literal->second, index + 1)) return found;
    }
    if (node.brace && !raw_[index].empty()) {
      values_.push_back(decoded_[index]);
      if (const Endpoint* found = Visit(*node.brace, index + 1)) return found;
      values_.pop_back();
    }
    if (node.rest_endpoints.empty()) return nullptr;
    const Endpoint* found = Choose(node.rest_endpoints);
    if (found) values_.push_back(Rest(index));
    return found;
  }

  const Endpoint* Choose(const std::vector<Endpoint>& endpoints) {
    const Endpoint* found = FindMethod(endpoints, method_);
    if (found) return found;
    for (const Endpoint& endpoint : endpoints) {
      allowed_.push_back(endpoint.method);
      if (endpoint.method == "GET") allowed_.emplace_back("HEAD");
    }
    return nullptr;
  }

  std::string Rest(std::size_t index) const {
    std::string rest = decoded_[index];
    for (std::size_t i = index + 1; i < decoded_.size(); ++i) rest += '/' + decoded_[i];
    return rest;
  }

  std::string_view method_;
  std::vector<std::string_view> raw_;
  std::vector<std::string> decoded_;
  std::vector<std::string> values_;
  std::vector<std::string> allowed_;
  bool valid_ = true;
};

[[noreturn]] void BadPattern(std::string_view pattern, std::string_view why) {
  throw std::logic_error("route " + std::string(pattern) + ": " + std::string(why));
}

}  // namespace

struct Router::Impl {
  Node root;
};

Router::Router() : impl_(std::make_unique<Impl>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;

void Router::Add(std::string_view method, std::string_view pattern, Handler handler, Options options) {
  if (!pattern.starts_with('/')) BadPattern(pattern, "does not begin with '/'");
  Endpoint endpoint{std::string(method), std::string(pattern), {}, std::move(handler), options};
  Node* node = &impl_->root;
  std::vector<Endpoint>* place = nullptr;
  for (const std::string_view segment : Split(pattern)) {
    if (place) BadPattern(pattern, "goes on after {rest*}");
    if (!segment.starts_with('{')) {
      if (segment.find_first_of("{}%") != std::string_view::npos) BadPattern(pattern, "has a misplaced character");
      auto& child = node->literals[std::string(segment)];
      if (!child) child = std::make_unique<Node>();
      node = child.get();
      continue;
    }
    if (segment.size() < 3 || !segment.ends_with('}')) BadPattern(pattern, "has a broken brace");
    const std::string_view name = segment.substr(1, segment.size() - 2);
    if (name.ends_with('*')) {
      endpoint.names.emplace_back(name.substr(0, name.size() - 1));
      place = &node->rest_endpoints;
      continue;
    }
    endpoint.names.emplace_back(name);
    if (!node->brace) node->brace = std::make_unique<Node>();
    node = node->brace.get();
  }
  if (!place) place = &node->endpoints;
  for (const Endpoint& other : *place) {
    if (other.method == method) BadPattern(pattern, "is there already for " + other.method);
  }
  place->push_back(std::move(endpoint));
}

Router::Match Router::Find(std::string_view method, std::string_view path) const {
  if (!path.starts_with('/')) return {};
  return Search(method, path).Run(impl_->root);
}

}  // namespace sheaf::http
