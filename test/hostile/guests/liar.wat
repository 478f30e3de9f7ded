;; liar: breaks the canonical ABI in as many ways as there are commands.
(data (i32.const 300) "nowhere")
(data (i32.const 320) "\ff\fe\fd")
(data (i32.const 330) "{\80}")
;; 66 bytes of UTF-8 in 22 characters.
(data (i32.const 340) "\e2\82\ac\e2\82\ac\e2\82\ac\e2\82\ac\e2\82\ac\e2\82\ac\e2\82\ac\e2\82\ac\e2\82\ac\e2\82\ac\e2\82\ac\e2\82\ac\e2\82\ac\e2\82\ac\e2\82\ac\e2\82\ac\e2\82\ac\e2\82\ac\e2\82\ac\e2\82\ac\e2\82\ac\e2\82\ac")

;; One frame with that payload and data, honestly given.
(func $give (param $kind i32) (param $a i32) (param $b i32) (param $c i32) (param $data i32) (param $length i32) (result i32)
  (call $store_frame (i32.const 32) (i64.const 5) (local.get $kind) (local.get $a) (local.get $b) (local.get $c) (local.get $data) (local.get $length))
  (call $ok (i32.const 32) (i32.const 1)))

;; One frame by the port of that name.
(func $by_port (param $name i32) (param $length i32) (result i32)
  (drop (call $give (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 300) (i32.const 1)))
  (i32.store (i32.const 32) (local.get $name))
  (i32.store (i32.const 36) (local.get $length))
  (call $ok (i32.const 32) (i32.const 1)))

;; One frame of that time.
(func $at_time (param $pts i64) (result i32)
  (call $store_frame (i32.const 32) (local.get $pts) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 300) (i32.const 1))
  (call $ok (i32.const 32) (i32.const 1)))

(func $is (param $command i32) (param $wanted i32) (result i32) (i32.eq (local.get $command) (local.get $wanted)))

(func $attack (param $command i32) (param $pts i64) (param $data i32) (param $length i32) (result i32)
  (drop (call $give (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 300) (i32.const 1)))
  ;; 1 to 9: the list and the result record.
  (if (call $is (local.get $command) (i32.const 1)) (then (return (call $ok (i32.const 0x7ffffff8) (i32.const 1)))))
  (if (call $is (local.get $command) (i32.const 2)) (then (return (call $ok (i32.const 32) (i32.const 0xffffffff)))))
  (if (call $is (local.get $command) (i32.const 3)) (then (return (call $ok (i32.const 33) (i32.const 1)))))
  (if (call $is (local.get $command) (i32.const 4)) (then (return (call $ok (i32.const 65528) (i32.const 1)))))
  (if (call $is (local.get $command) (i32.const 5)) (then (return (i32.const 0x7fffff00))))
  (if (call $is (local.get $command) (i32.const 6)) (then (return (i32.const 17))))
  (if (call $is (local.get $command) (i32.const 7)) (then (return (i32.const 65532))))
  (if (call $is (local.get $command) (i32.const 8))
    (then (i32.store8 (i32.const 16) (i32.const 2)) (return (i32.const 16))))
  (if (call $is (local.get $command) (i32.const 9)) (then (return (i32.const -4))))
  ;; 10 to 12: failures.
  (if (call $is (local.get $command) (i32.const 10)) (then (return (call $failure (i32.const 9) (i32.const 300) (i32.const 7)))))
  (if (call $is (local.get $command) (i32.const 11)) (then (return (call $failure (i32.const 1) (i32.const 0x10000) (i32.const 7)))))
  (if (call $is (local.get $command) (i32.const 12)) (then (return (call $failure (i32.const 1) (i32.const 300) (i32.const 0xffffffff)))))
  ;; 20 to 24: ports.
  (if (call $is (local.get $command) (i32.const 20)) (then (return (call $by_port (i32.const 300) (i32.const 7)))))
  (if (call $is (local.get $command) (i32.const 21)) (then (return (call $by_port (i32.const 320) (i32.const 3)))))
  (if (call $is (local.get $command) (i32.const 22)) (then (return (call $by_port (i32.const 0xfffffff0) (i32.const 3)))))
  (if (call $is (local.get $command) (i32.const 23)) (then (return (call $by_port (i32.const 0) (i32.const 60000)))))
  (if (call $is (local.get $command) (i32.const 24)) (then (return (call $by_port (i32.const 0) (i32.const 0)))))
  ;; 30 to 39: variants, enums, tensors, codecs.
  (if (call $is (local.get $command) (i32.const 30)) (then (return (call $give (i32.const 200) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 300) (i32.const 1)))))
  (if (call $is (local.get $command) (i32.const 31)) (then (return (call $give (i32.const 3) (i32.const 8000) (i32.const 1) (i32.const 77) (i32.const 300) (i32.const 4)))))
  (if (call $is (local.get $command) (i32.const 32)) (then (return (call $give (i32.const 4) (i32.const 2) (i32.const 2) (i32.const 9) (i32.const 300) (i32.const 4)))))
  (if (call $is (local.get $command) (i32.const 33)) (then (return (call $give (i32.const 5) (i32.const 99) (i32.const 300) (i32.const 0) (i32.const 300) (i32.const 4)))))
  (if (call $is (local.get $command) (i32.const 34)) (then (return (call $give (i32.const 5) (i32.const 0) (i32.const 300) (i32.const 0x7fffffff) (i32.const 300) (i32.const 4)))))
  (if (call $is (local.get $command) (i32.const 35)) (then (return (call $give (i32.const 5) (i32.const 0) (i32.const 400) (i32.const 33) (i32.const 300) (i32.const 4)))))
  (if (call $is (local.get $command) (i32.const 36)) (then (return (call $give (i32.const 5) (i32.const 0) (i32.const 0x10000) (i32.const 1) (i32.const 300) (i32.const 4)))))
  (if (call $is (local.get $command) (i32.const 37)) (then (return (call $give (i32.const 5) (i32.const 0) (i32.const 301) (i32.const 1) (i32.const 300) (i32.const 4)))))
  (if (call $is (local.get $command) (i32.const 38)) (then (return (call $give (i32.const 6) (i32.const 320) (i32.const 3) (i32.const 0) (i32.const 300) (i32.const 1)))))
  (if (call $is (local.get $command) (i32.const 39)) (then (return (call $give (i32.const 6) (i32.const 340) (i32.const 66) (i32.const 0) (i32.const 300) (i32.const 1)))))
  (if (call $is (local.get $command) (i32.const 40)) (then (return (call $give (i32.const 6) (i32.const 4096) (i32.const 60000) (i32.const 0) (i32.const 300) (i32.const 1)))))
  (if (call $is (local.get $command) (i32.const 41)) (then (return (call $give (i32.const 6) (i32.const 0xffffffff) (i32.const 2) (i32.const 0) (i32.const 300) (i32.const 1)))))
  ;; 50 to 62: bytes that aren't what the payload says.
  (if (call $is (local.get $command) (i32.const 50)) (then (return (call $give (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 320) (i32.const 3)))))
  (if (call $is (local.get $command) (i32.const 51)) (then (return (call $give (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 330) (i32.const 3)))))
  (if (call $is (local.get $command) (i32.const 52)) (then (return (call $give (i32.const 4) (i32.const 2) (i32.const 2) (i32.const 0) (i32.const 300) (i32.const 3)))))
  (if (call $is (local.get $command) (i32.const 53)) (then (return (call $give (i32.const 4) (i32.const 0xffffffff) (i32.const 0xffffffff) (i32.const 2) (i32.const 300) (i32.const 4)))))
  (if (call $is (local.get $command) (i32.const 54)) (then (return (call $give (i32.const 3) (i32.const 8000) (i32.const 0) (i32.const 0) (i32.const 300) (i32.const 4)))))
  (if (call $is (local.get $command) (i32.const 55)) (then (return (call $give (i32.const 3) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 300) (i32.const 4)))))
  (if (call $is (local.get $command) (i32.const 56)) (then (return (call $give (i32.const 3) (i32.const 8000) (i32.const 2) (i32.const 0) (i32.const 300) (i32.const 6)))))
  (if (call $is (local.get $command) (i32.const 57)) (then (return (call $give (i32.const 5) (i32.const 0) (i32.const 8) (i32.const 1) (i32.const 300) (i32.const 4)))))
  (if (call $is (local.get $command) (i32.const 58)) (then (return (call $give (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 65535) (i32.const 2)))))
  (if (call $is (local.get $command) (i32.const 59)) (then (return (call $give (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 300) (i32.const 0xffffffff)))))
  (if (call $is (local.get $command) (i32.const 60)) (then (return (call $at_time (i64.const 0x8000000000000000)))))
  (if (call $is (local.get $command) (i32.const 61)) (then (return (call $at_time (i64.const 0x20000000000000)))))
  (if (call $is (local.get $command) (i32.const 62)) (then (return (call $give (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0xffffffff) (i32.const 0xffffffff)))))
  ;; 70: two frames that share their bytes with each other and with the list: strange, and no lie.
  (call $store_frame (i32.const 4096) (i64.const 1) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 4096) (i32.const 8))
  (call $store_frame (i32.const 4136) (i64.const 2) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 4096) (i32.const 4))
  (call $ok (i32.const 4096) (i32.const 2)))
