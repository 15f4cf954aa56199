#pragma once
//! Files built into the program. Static storage; any thread.

#include <string_view>

namespace sheaf::api {

//! openapi/sheaf.yaml as it was when the program was built.
std::string_view OpenApiYaml();
//! The reference page that tools/render_docs.py makes of it and of the error catalogue.
std::string_view DocsHtml();

}  // namespace sheaf::api
