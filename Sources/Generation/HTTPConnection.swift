import Blocking
import CCurl
import Synchronization

/// One connection to a server, used again for each request. It blocks a thread of its own while a request is in flight,
/// and wakes up at once when that is cancelled.
actor HTTPConnection {
    /// The longest body of a refusal that is kept for the message.
    static let longestRefusal = 65_536
    private static let roundingMilliseconds = 50
    private static let connectMilliseconds = 5_000

    private let executor = BlockingExecutor(label: "londi.http")
    private let handles = CurlHandles()

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Sends a request and hands each piece of a successful answer's body to `onBody`, on this connection's thread;
    /// returning false ends the exchange. Returns the status and, of a status other than 200, the body.
    /// Cancelling the task closes the connection at once.
    nonisolated func send(
        _ request: HTTPRequest, onBody: @escaping @Sendable (UnsafeRawBufferPointer) -> Bool
    ) async throws(HTTPFailure) -> (status: Int, refusal: [UInt8]) {
        let transfer = Transfer(onBody: onBody)
        let result: Result<Int, HTTPFailure> = await withTaskCancellationHandler {
            await perform(request, transfer)
        } onCancel: {
            transfer.isCancelled.store(true, ordering: .releasing)
            handles.wakeUp()
        }
        return (try result.get(), transfer.refusal.withLock { $0 })
    }

    private func perform(_ request: HTTPRequest, _ transfer: Transfer) -> Result<Int, HTTPFailure> {
        if transfer.isCancelled.load(ordering: .acquiring) { return .failure(.cancelled) }
        let easy = handles.easy
        let multi = handles.multi
        curl_easy_reset(easy)
        var headers = curl_slist_append(nil, "Content-Type: application/json")
        // Without this, a body over 1 MiB waits for "100 Continue", which llama-server never says.
        headers = curl_slist_append(headers, "Expect:")
        if let key = request.access.key { headers = curl_slist_append(headers, key.header) }
        defer { curl_slist_free_all(headers) }
        prepare(easy, for: request)
        londi_curl_set_pointer(easy, CURLOPT_HTTPHEADER, headers)
        transfer.easy = easy
        londi_curl_set_write(easy, receiveBody)
        londi_curl_set_pointer(easy, CURLOPT_WRITEDATA, Unmanaged.passUnretained(transfer).toOpaque())

        curl_multi_add_handle(multi, easy)
        // Removing a handle whose transfer is unfinished closes its connection: that is how a request is abandoned.
        defer { curl_multi_remove_handle(multi, easy) }
        var running: Int32 = 1
        while true {
            let code = curl_multi_perform(multi, &running)
            guard code == CURLM_OK else { return .failure(.broken(String(cString: curl_multi_strerror(code)))) }
            if transfer.isCancelled.load(ordering: .acquiring) { return .failure(.cancelled) }
            if running == 0 { break }
            curl_multi_poll(multi, nil, 0, 60_000, nil)
            if transfer.isCancelled.load(ordering: .acquiring) { return .failure(.cancelled) }
        }
        var left: Int32 = 0
        guard let message = curl_multi_info_read(multi, &left) else {
            return .failure(.broken("curl finished without a result"))
        }
        switch message.pointee.data.result {
        case CURLE_OK: return .success(transfer.status)
        case CURLE_WRITE_ERROR where transfer.isRefused: return .failure(.refusedByReader)
        case let code: return .failure(failure(code, of: request, transfer))
        }
    }

    private func failure(_ code: CURLcode, of request: HTTPRequest, _ transfer: Transfer) -> HTTPFailure {
        let words = String(cString: handles.words)
        let reason = words.isEmpty ? String(cString: curl_easy_strerror(code)) : words
        switch code {
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR,
            CURLE_SSL_INVALIDCERTSTATUS:
            return .notTrusted(reason)
        case _ where !transfer.isSent: return .notReached(reason)
        case CURLE_OPERATION_TIMEDOUT:
            guard let silence = request.access.silenceSeconds else { return .timeLimit }
            // curl's own sum of the exchange's time may lack a little of the limit that ended it.
            let limit = request.timeLimitMilliseconds.map { $0 - Self.roundingMilliseconds }
            if let limit, transfer.milliseconds >= limit { return .timeLimit }
            return .broken("nothing came for \(silence) s")
        default: return .broken(reason)
        }
    }

    private func prepare(_ easy: UnsafeMutableRawPointer, for request: HTTPRequest) {
        switch request.endpoint {
        case .unixSocket(let path):
            londi_curl_set_text(easy, CURLOPT_UNIX_SOCKET_PATH, path)
            londi_curl_set_text(easy, CURLOPT_URL, "http://localhost" + request.path)
        case .url(let base):
            londi_curl_set_text(easy, CURLOPT_URL, base + request.path)
        }
        londi_curl_set_text(easy, CURLOPT_PROTOCOLS_STR, "http,https")
        // Nothing comes from the environment, a proxy neither.
        londi_curl_set_text(easy, CURLOPT_PROXY, "")
        londi_curl_set_pointer(easy, CURLOPT_ERRORBUFFER, handles.words)
        handles.words.pointee = 0
        prepareAccess(easy, for: request)
        londi_curl_set_long(easy, CURLOPT_NOSIGNAL, 1)
        londi_curl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, Self.connectMilliseconds)
        if let limit = request.timeLimitMilliseconds { londi_curl_set_long(easy, CURLOPT_TIMEOUT_MS, limit) }
        if let body = request.body {
            londi_curl_set_long(easy, CURLOPT_POSTFIELDSIZE, body.count)
            body.withUnsafeBytes { bytes in
                let start = UnsafeMutableRawPointer(mutating: bytes.baseAddress)
                _ = londi_curl_set_pointer(easy, CURLOPT_COPYPOSTFIELDS, start)
            }
        }
    }

    private func prepareAccess(_ easy: UnsafeMutableRawPointer, for request: HTTPRequest) {
        londi_curl_set_long(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        londi_curl_set_long(easy, CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        londi_curl_set_long(easy, CURLOPT_SSL_VERIFYPEER, 1)
        londi_curl_set_long(easy, CURLOPT_SSL_VERIFYHOST, 2)
        // A key goes to the server that it is for, and a step is not written by another one.
        londi_curl_set_long(easy, CURLOPT_FOLLOWLOCATION, 0)
        if let authorities = request.access.authorities {
            londi_curl_set_text(easy, CURLOPT_CAINFO, authorities)
            // Else the system's would do as well.
            londi_curl_set_text(easy, CURLOPT_CAPATH, nil)
        }
        if let seconds = request.access.silenceSeconds {
            londi_curl_set_long(easy, CURLOPT_LOW_SPEED_LIMIT, 1)
            londi_curl_set_long(easy, CURLOPT_LOW_SPEED_TIME, seconds)
        }
        // curl sends a request again by itself where a kept connection closes before the first byte of an answer.
        if !request.isRepeatable { londi_curl_set_long(easy, CURLOPT_FRESH_CONNECT, 1) }
    }
}

/// What one exchange needs to know while curl runs it. Everything but the flags of the cancelling task belongs to the
/// connection's thread.
private final class Transfer: @unchecked Sendable {
    let onBody: @Sendable (UnsafeRawBufferPointer) -> Bool
    let isCancelled = Atomic<Bool>(false)
    let refusal = Mutex<[UInt8]>([])
    var easy: UnsafeMutableRawPointer?
    var isRefused = false

    init(onBody: @escaping @Sendable (UnsafeRawBufferPointer) -> Bool) { self.onBody = onBody }

    var status: Int {
        var status = 0
        londi_curl_get_long(easy, CURLINFO_RESPONSE_CODE, &status)
        return status
    }

    /// The request was on its way, so that a time-out is the exchange's and not the connection's.
    var isSent: Bool {
        var bytes = 0
        londi_curl_get_long(easy, CURLINFO_REQUEST_SIZE, &bytes)
        return bytes > 0
    }

    /// How long the exchange took.
    var milliseconds: Int {
        var microseconds: curl_off_t = 0
        londi_curl_get_offset(easy, CURLINFO_TOTAL_TIME_T, &microseconds)
        return Int(microseconds / 1000)
    }

    func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if status == 200 {
            isRefused = !onBody(bytes)
            return !isRefused
        }
        refusal.withLock { refusal in
            refusal += bytes.prefix(HTTPConnection.longestRefusal - refusal.count)
        }
        return true
    }
}

/// curl's callback for a piece of the body; a C function, since a closure would carry an isolation.
private func receiveBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ pointer: UnsafeMutableRawPointer?
) -> Int {
    guard let pointer else { return 0 }
    let transfer = Unmanaged<Transfer>.fromOpaque(pointer).takeUnretainedValue()
    let isWanted = transfer.receive(UnsafeRawBufferPointer(start: bytes, count: size * count))
    return isWanted ? size * count : 0
}

/// curl's two handles of a connection. The easy handle belongs to the connection's thread; waking the multi handle is
/// allowed from any thread (curl_multi_wakeup(3)).
private final class CurlHandles: @unchecked Sendable {
    private static let isInitialised: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    let multi: UnsafeMutableRawPointer
    let easy: UnsafeMutableRawPointer
    /// What curl says about a failure beside its code.
    let words = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

    init() {
        guard Self.isInitialised, let multi = curl_multi_init(), let easy = curl_easy_init() else {
            fatalError("libcurl cannot start: out of memory")
        }
        self.multi = multi
        self.easy = easy
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_multi_cleanup(multi)
        words.deallocate()
    }

    func wakeUp() { curl_multi_wakeup(multi) }
}
