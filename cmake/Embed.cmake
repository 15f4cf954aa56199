# sheaf_embed(TARGET NAME FILE): puts the bytes of FILE into TARGET, between the symbols sheaf_asset_NAME_begin and
# sheaf_asset_NAME_end. The assembler copies the file, so that its size costs no compile time; a change of the file
# rebuilds it. FILE may be made by a custom command of the same directory.
function(sheaf_embed target name file)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/embed_${name}.cc)
  file(CONFIGURE OUTPUT ${source} @ONLY CONTENT [=[
asm(R"(
    .section .rodata
    .global sheaf_asset_@name@_begin
    .global sheaf_asset_@name@_end
    .balign 16
sheaf_asset_@name@_begin:
    .incbin "@file@"
sheaf_asset_@name@_end:
    .byte 0
    .text
)");
]=])
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS ${file})
  target_sources(${target} PRIVATE ${source} ${file})
endfunction()
