import UploadProtocol

@_cdecl("LLVMFuzzerTestOneInput")
public func checkTarArchive(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  checkCut(start, count) { ArchiveTrace.of($0, by: TarParser()) { $1.add($0) } }
}
