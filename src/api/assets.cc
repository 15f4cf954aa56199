#include "api/assets.h"

// Defined by cmake/Embed.cmake.
extern "C" {
extern const char sheaf_asset_openapi_begin[];
extern const char sheaf_asset_openapi_end[];
extern const char sheaf_asset_docs_begin[];
extern const char sheaf_asset_docs_end[];
}

namespace sheaf::api {

std::string_view OpenApiYaml() { return {sheaf_asset_openapi_begin, sheaf_asset_openapi_end}; }
std::string_view DocsHtml() { return {sheaf_asset_docs_begin, sheaf_asset_docs_end}; }

}  // namespace sheaf::api
